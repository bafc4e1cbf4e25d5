package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// grove is an organisation whose every row bears a mark that no other has.
func grove(i int) seeded {
	mark := fmt.Sprintf("mark-%03d-x", i)
	return seeded{id: tenancy.MustParseID(fmt.Sprintf("grove%03d", i)), name: "Grove " + mark, what: mark,
		people:   []seededPerson{{person{"ann", "Ann of " + mark, "ann@" + mark + ".example"}, roles.Admin}, {person{"ed", "Ed of " + mark, "ed@" + mark + ".example"}, roles.Editor}},
		products: []product{{"p1", "Chair " + mark, "A chair.", 100, 50, "Maker " + mark}}}
}

var anyMark = regexp.MustCompile(`mark-\d{3}-x`)

// Fifty organisations work at once: thousands of requests, and not one row of another's. BAILIWICK_SOAK makes it longer: it is how many requests each of them makes, a hundred at least.
func TestFiftyOrganisationsWorkAtOnceAndSeeTheirOwn(t *testing.T) {
	organisations, each := 50, 6
	if n, err := strconv.Atoi(os.Getenv("BAILIWICK_SOAK")); err == nil {
		each = max(n, 100)
	}
	d := openDesk(t)
	var wg sync.WaitGroup
	turns := make(chan struct{}, 4)
	visitors := make([]*visitor, organisations)
	for i := range organisations {
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			if err := d.seedOrganisation(t.Context(), grove(i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.False(t, t.Failed())
	for i := range visitors {
		visitors[i] = d.as(grove(i).id.String(), "ed")
	}
	var foreign, failed, own atomic.Int64
	took := make([][]time.Duration, organisations)
	began := time.Now()
	for i, v := range visitors {
		wg.Go(func() {
			s := grove(i)
			customer := d.customer(s.id.String())
			r := rand.New(rand.NewPCG(1, uint64(i)))
			for n := range each {
				at := time.Now()
				var code int
				var body string
				switch id := fmt.Sprintf("%s-%d-%d", s.id, 1+r.IntN(3), 1+r.IntN(2)); r.IntN(8) {
				case 0:
					code, body = v.post("/conversations/"+id+"/answer", url.Values{"body": {fmt.Sprint("answer ", n, " of ", s.what)}, "kind": {"message"}})
				case 1, 2, 3:
					code, body = v.get("/conversations/" + id)
				case 4:
					code, body = customer.get("/")
				case 5: // an id of the neighbour's
					code, body = v.get("/conversations/" + strings.Replace(id, s.id.String(), grove((i+1)%organisations).id.String(), 1))
					if code == http.StatusNotFound {
						code = http.StatusOK
					}
				default:
					code, body = v.get("/conversations")
				}
				took[i] = append(took[i], time.Since(at))
				if code != http.StatusOK && code != http.StatusSeeOther {
					failed.Add(1)
				}
				for _, m := range anyMark.FindAllString(body, -1) {
					if m == s.what {
						own.Add(1)
					} else {
						foreign.Add(1)
					}
				}
			}
		})
	}
	wg.Wait()
	all := slices.Concat(took...)
	slices.Sort(all)
	t.Logf("%d requests of %d organisations: %.0f a second, p50 %v, p99 %v; %d marks of one's own, %d of others'", len(all), organisations,
		float64(len(all))/time.Since(began).Seconds(), all[len(all)/2].Round(time.Millisecond), all[len(all)*99/100].Round(time.Millisecond), own.Load(), foreign.Load())
	require.Zero(t, foreign.Load())
	require.Zero(t, failed.Load())
	require.Greater(t, own.Load(), int64(len(all)))
}

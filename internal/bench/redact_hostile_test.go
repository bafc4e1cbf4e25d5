package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Workload H, hostile text: 64 KiB of nothing but beginnings, for each of the things that a scanner may be made to start on, and of
// all of them shuffled; and twice as much, for the growth. "worst" is the slowest of the texts for each way, and the
// text of which twice as much takes longest, to half of it.
func BenchmarkRedactHostile(b *testing.B) {
	worst, on := map[string]map[string]float64{}, map[string]string{}
	keep := func(text, way, unit string, v float64, more bool) {
		if worst[way] == nil {
			worst[way] = map[string]float64{}
		}
		if had, ok := worst[way][unit]; !ok || more == (v > had) {
			worst[way][unit], on[way+" "+unit] = v, text
		}
	}
	for _, h := range hostileTexts {
		b.Run(h.name, func(b *testing.B) { compare(b, h.ways(64<<10), nil) })
		of := func(way, unit string) (float64, bool) {
			v, ok := measured[fmt.Sprintf("RedactHostile/%s/%s %s", h.name, way, unit)]
			return v, ok
		}
		for _, s := range append([]redactScrubber{{name: "ours"}}, scrubbers...) {
			for _, unit := range []string{"MB/s", "best-MB/s"} {
				if v, ok := of(s.name, unit); ok {
					keep(h.name, s.name, unit, v, false)
				}
			}
		}
		for _, unit := range []string{"x-half", "best-x-half", "cpu-x-half"} {
			if v, ok := of("ours_twice", strings.Replace(unit, "half", "ours", 1)); ok {
				keep(h.name, "ours", unit, v, true)
			}
		}
	}
	for way, m := range worst {
		report(b, "worst/"+way, 1, m)
	}
	b.Logf("worst of ours: %s undisturbed, growth with %s undisturbed, %s in processor time",
		on["ours best-MB/s"], on["ours best-x-half"], on["ours cpu-x-half"])
}

func TestHostileTextIsScrubbed(t *testing.T) {
	for _, h := range hostileTexts {
		t.Run(h.name, func(t *testing.T) {
			for _, w := range h.ways(2 << 10) {
				if err := w.open(t)(1); err != nil {
					t.Error(w.name, err)
				}
			}
		})
	}
}

type hostileText struct {
	name string
	of   func(size int) []byte
}

var hostileTexts = func() []hostileText {
	units := []struct{ name, unit string }{
		{"at_signs", "x@"}, {"domains", "q.r@t.u."}, {"digits", "7"}, {"digit_groups", "4012 "}, {"dotted_digits", "9."}, {"plus_digits", "+1 ("},
		{"letters", "Q"}, {"ibans", "DE44 "}, {"jwt_heads", "eyJ"}, {"jwt_dots", "eyJhbGci."}, {"token_heads", "sk-"}, {"schemes", "Bearer "}, {"basic", "Basic QQ== "},
		{"keys", "secret="}, {"open_quotes", `api_key="`}, {"json_keys", `"token":`}, {"escaped_json", `{\"pin\":`}, {"calls", "passwd=("}, {"yaml", "password:\n  "}, {"lists", "password:\n - "}, {"empty_cookies", " cookie="}, {"labels", "[redacted:x%40"}, {"brackets", "@[a"}, {"opened", "[secret="},
		{"oauth", "a=ya29.Secret"}, {"accents", "\u00e9.-a="}, {"groups", "1-2 "},
		{"header", "cookie: a=b; "}, {"userinfo", "u:p@"}, {"urls", "://"}, {"percent", "%40"}, {"backslashes", `\`}, {"pem_heads", "-----BEGIN DH PRIVATE " + "KEY-----\n"},
		{"dashes", "-"}, {"markup", "<secret>"}, {"hex_pairs", "0f:"}, {"wide", "\u00e9\u200b"},
	}
	var all []hostileText
	for _, u := range units {
		all = append(all, hostileText{u.name, func(size int) []byte { return []byte(strings.Repeat(u.unit, size/len(u.unit)+1)[:size]) }})
	}
	return append(all, hostileText{"shuffled", func(size int) []byte {
		r := rand.New(rand.NewPCG(6, 6))
		var b strings.Builder
		for b.Len() < size {
			b.WriteString(units[r.IntN(len(units))].unit)
		}
		return []byte(b.String()[:size])
	}})
}()

// ways has ours on a text of that size and on twice as much, and the others on the text.
func (h hostileText) ways(size int) []way {
	scrubbing := func(name string, s redactScrubber, size int, vs ...string) way {
		return way{name: name, vs: vs, bytes: size, open: func(tb testing.TB) func(int) error {
			scrub, in := s.open(tb), h.of(size)
			want := len(scrub(in))
			return shared(1, func() error {
				if n := len(scrub(in)); n != want {
					return fmt.Errorf("%d bytes, and then %d", want, n)
				}
				return nil
			})
		}}
	}
	ours := redactScrubber{name: "ours", open: openRedactor()}
	ways := []way{scrubbing("ours", ours, size), scrubbing("ours_twice", ours, 2*size, "ours")}
	for _, s := range scrubbers {
		ways = append(ways, scrubbing(s.name, s, size, "ours"))
	}
	return ways
}

package bench

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// Workload S, structs. copy: one operation makes a copy, fit for a dump, of a struct of twenty fields on three levels, six of
// them tagged: by hand, by redact.Copy (which also scans the texts that have no tag), and beside them json.Marshal of the
// whole struct, which hides nothing. view: one operation writes the JSON of twelve of its fields: a View, and json.Marshal of
// another struct that has just these and was filled beforehand.
func BenchmarkRedactStruct(b *testing.B) {
	b.Run("copy", func(b *testing.B) { compare(b, structCopies(), nil) })
	b.Run("view", func(b *testing.B) { compare(b, structViews(b), nil) })
}

func TestCopiesAndViewsHideTheSix(t *testing.T) {
	checkWays(t, structCopies())
	checkWays(t, structViews(t))
}

type booking struct {
	ID       int64
	Agency   string
	Fare     string
	Paid     bool
	Booked   time.Time
	Total    float64
	Door     string `privacy:"-" mask:"fixed"` // the code of the lock box
	Guest    guest
	Payments []payment
}

type guest struct {
	Name   string
	Email  string `privacy:"email" mask:"fixed"`
	Phone  string `privacy:"phone" mask:"fixed"`
	Home   *home
	Wishes []string
	Traits map[string]string
}

type home struct {
	Street   string `privacy:"address" mask:"fixed"`
	City     string
	Region   string
	Postcode string
}

type payment struct {
	Network string
	Number  string `privacy:"card" mask:"fixed"`
	Code    string `privacy:"-" mask:"fixed"`
	Expiry  string
}

func newBooking() booking {
	return booking{
		ID: 730114, Agency: "a-00391", Fare: "flex", Paid: true, Booked: parcelDay, Total: 318.4, Door: "Brass-" + "4862",
		Guest: guest{
			Name: "Noor Haddad", Email: plantedItems[0].text, Phone: plantedItems[9].text,
			Home:   &home{Street: "27 Quay Street", City: "Galway", Region: "Connacht", Postcode: "H91 XY00"},
			Wishes: []string{"quiet", "late"}, Traits: map[string]string{"level": "blue", "desk": "eu-north-1"},
		},
		Payments: []payment{{"discover", plantedItems[1].text, "417", "2029-02"}, {"discover", plantedItems[1].text, "685", "2031-11"}},
	}
}

// copiedByHand is the floor: what one would write for this one type.
func copiedByHand(b booking) (booking, error) {
	const gone = "[gone]"
	b.Door, b.Guest.Email, b.Guest.Phone = gone, gone, gone
	if b.Guest.Home != nil {
		h := *b.Guest.Home
		h.Street = gone
		b.Guest.Home = &h
	}
	payments := make([]payment, len(b.Payments))
	for i, p := range b.Payments {
		p.Number, p.Code = gone, gone
		payments[i] = p
	}
	b.Payments = payments
	return b, nil
}

type bookingCopy struct {
	name string
	copy func(booking) (booking, error)
}

// bookingCopies are the ways that make a copy. The build tag peers adds more.
var bookingCopies = []bookingCopy{
	{"by_hand", copiedByHand},
	{"ours", func(b booking) (booking, error) { return redact.Copy(redact.Default(), b), nil }},
}

func structCopies() []way {
	var ways []way
	for _, c := range bookingCopies {
		w := way{name: c.name, open: func(tb testing.TB) func(int) error {
			v, untouched := newBooking(), newBooking()
			out, err := c.copy(v)
			if err != nil || !reflect.DeepEqual(v, untouched) {
				tb.Fatal("it changed what it copies, or: ", err)
			}
			text := fmt.Sprintf("%+v %+v", out, *out.Guest.Home)
			for _, p := range append(v.Payments, payment{v.Door, v.Guest.Email, v.Guest.Phone, v.Guest.Home.Street}) {
				for _, secret := range map[bool][]string{true: {p.Number, p.Code}, false: {p.Network, p.Number, p.Code, p.Expiry}}[p.Network == "discover"] {
					if strings.Contains(text, secret) {
						tb.Errorf("%s leaves something: %s", c.name, text)
					}
				}
			}
			if out.Guest.Traits["desk"] != "eu-north-1" || out.Guest.Home.City != "Galway" || !out.Booked.Equal(v.Booked) || len(out.Payments) != 2 {
				tb.Errorf("%s lost something: %s", c.name, text)
			}
			return shared(1, func() error {
				out, err := c.copy(v)
				if out.ID != v.ID {
					return fmt.Errorf("a copy of something else: %w", err)
				}
				return err
			})
		}}
		if c.name != "by_hand" {
			w.vs = append(w.vs, "by_hand", "json")
		}
		if c.name != "ours" {
			w.vs = append(w.vs, "ours")
		}
		ways = append(ways, w)
	}
	v := newBooking()
	return append(ways, way{name: "json", vs: []string{"ours"}, open: func(testing.TB) func(int) error { return marshalling(&v) }})
}

func marshalling(v any) func(int) error {
	return shared(1, func() error {
		out, err := json.Marshal(v)
		sink = out[0]
		return err
	})
}

// publicBooking has the fields that the view lists.
type publicBooking struct {
	ID     int64
	Agency string
	Fare   string
	Paid   bool
	Booked time.Time
	Total  float64
	Guest  struct {
		Name string
		Home struct {
			City   string
			Region string
		}
		Wishes []string
	}
	Payments []publicPayment
}

type publicPayment struct{ Network, Expiry string }

func structViews(tb testing.TB) []way {
	v := newBooking()
	view, err := redact.NewView[booking]("ID", "Agency", "Fare", "Paid", "Booked", "Total", "Guest.Name", "Guest.Home.City", "Guest.Home.Region",
		"Guest.Wishes", "Payments.Network", "Payments.Expiry")
	if err != nil {
		tb.Fatal(err)
	}
	p := publicBooking{ID: v.ID, Agency: v.Agency, Fare: v.Fare, Paid: v.Paid, Booked: v.Booked, Total: v.Total}
	p.Guest.Name, p.Guest.Wishes, p.Guest.Home.City, p.Guest.Home.Region = v.Guest.Name, v.Guest.Wishes, v.Guest.Home.City, v.Guest.Home.Region
	for _, k := range v.Payments {
		p.Payments = append(p.Payments, publicPayment{k.Network, k.Expiry})
	}
	want, err := json.Marshal(&p)
	if err != nil {
		tb.Fatal(err)
	}
	return []way{
		{name: "json", open: func(testing.TB) func(int) error { return marshalling(&p) }},
		{name: "ours", vs: []string{"json"}, open: func(tb testing.TB) func(int) error {
			var out []byte
			if out, err = view.Append(out, &v); err != nil || string(out) != string(want) {
				tb.Fatalf("%v: the view writes %s, json.Marshal %s", err, out, want)
			}
			return shared(1, func() (err error) {
				out, err = view.Append(out[:0], &v)
				return err
			})
		}},
	}
}

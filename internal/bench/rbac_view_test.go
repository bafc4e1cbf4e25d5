package bench

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// Workload P, projections: the JSON that a public page shows of a product, 6 of its 20 fields. by_hand fills a struct that has
// just these, as one would write for this one type, and marshals it. filtered marshals everything, reads it back and writes what is
// listed. everything marshals the product, and hides nothing.
func BenchmarkRBACView(b *testing.B) { compare(b, productViews(b), nil) }

func TestProductViewsShowTheSame(t *testing.T) { checkWays(t, productViews(t)) }

type product struct {
	ID, Name, Description, Category, Brand, Image string
	Price, Cost, Margin, Wholesale                float64
	Stock, Reserved, Reorder                      int
	Supplier, SupplierSKU, Notes, Buyer, Contract string
	Tags                                          []string
	Edits                                         map[string]string
}

type publicProduct struct {
	ID, Name, Description, Category, Image string
	Price                                  float64
}

var publicFields = []string{"ID", "Name", "Description", "Category", "Image", "Price"}

func productViews(tb testing.TB) []way {
	v := &product{ID: "p-3380", Name: "Kettle", Description: "Enamelled, 1.2 litres, fits induction", Category: "kitchen", Brand: "Halden", Image: "https://cdn.example/p-3380.webp", Price: 48.9,
		Cost: 17.35, Margin: 0.64, Wholesale: 29, Stock: 212, Reserved: 7, Reorder: 60, Supplier: "s-071", SupplierSKU: "EK12-B", Notes: "new colour in March", Buyer: "ines", Contract: "c-2026-118",
		Tags: []string{"blue", "gift"}, Edits: map[string]string{"price": "ines"}}
	view, err := redact.NewView[product](publicFields...)
	if err != nil {
		tb.Fatal(err)
	}
	want, err := json.Marshal(publicProduct{v.ID, v.Name, v.Description, v.Category, v.Image, v.Price})
	if err != nil {
		tb.Fatal(err)
	}
	listed := map[string]bool{}
	for _, f := range publicFields {
		listed[f] = true
	}
	of := func(name string, f func() ([]byte, error), vs ...string) way {
		return way{name: name, vs: vs, turn: shortTurn, open: func(tb testing.TB) func(int) error {
			out, err := f()
			if err != nil {
				tb.Fatal(err)
			}
			var got, is map[string]any
			if json.Unmarshal(out, &got) != nil || json.Unmarshal(want, &is) != nil || name != "everything" && fmt.Sprint(got) != fmt.Sprint(is) {
				tb.Fatalf("%s writes %s", name, out)
			}
			return func(n int) error {
				for range n {
					if out, err := f(); err != nil || len(out) == 0 {
						return fmt.Errorf("nothing was written: %w", err)
					}
				}
				return nil
			}
		}}
	}
	return []way{
		of("by_hand", func() ([]byte, error) {
			return json.Marshal(&publicProduct{v.ID, v.Name, v.Description, v.Category, v.Image, v.Price})
		}),
		of("ours", func() ([]byte, error) { return view.Append(nil, v) }, "by_hand"),
		of("filtered", func() ([]byte, error) {
			all, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			m := map[string]json.RawMessage{}
			if err := json.Unmarshal(all, &m); err != nil {
				return nil, err
			}
			for k := range m {
				if !listed[k] {
					delete(m, k)
				}
			}
			return json.Marshal(m)
		}, "ours"),
		of("everything", func() ([]byte, error) { return json.Marshal(v) }, "ours"),
	}
}

package redacttest

import (
	"fmt"
	"slices"
	"strings"
)

// TB is what the kit needs of a *testing.T.
type TB interface {
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
}

// Survivor is a canary that was found in an output.
type Survivor struct {
	Position, Form string
	How            string // "as it is", or behind which encoding
	Output         string // what was written, at most 2 KiB of it
}

// Report is what an attack found.
type Report struct {
	Cells     int        // pairs of a position and a form that were tried
	Positions []string   // the positions
	Survivors []Survivor // canaries that came out
	Silent    []string   // "position/form" of the cells after which nothing, or not the rest of the message, came out
}

// position is a place to plant a text in something of type T, once.
type position[T any] struct {
	name  string
	plant func(to T, text string)
}

// attack plants every form in every position. In except are cells that are not tried: "position", "position/form" or
// "*/form"; each must name one that exists.
func attack[T any](t TB, positions []position[T], except []string, try func(p position[T], text string) (out []byte, marked bool)) *Report {
	t.Helper()
	r := new(Report)
	used := map[string]bool{}
	skip := func(names ...string) (yes bool) {
		for _, n := range names {
			if slices.Contains(except, n) {
				used[n], yes = true, true
			}
		}
		return yes
	}
	leaks := map[string][]Survivor{}
	for i, p := range positions {
		r.Positions = append(r.Positions, p.name)
		for k, f := range forms {
			if skip(p.name, p.name+"/"+f.name, "*/"+f.name) {
				continue
			}
			r.Cells++
			c := newCanary(uint64(i*1000 + k))
			out, marked := try(p, f.write(c))
			if how := survivor(out, c); how != "" {
				s := Survivor{p.name, f.name, how, string(out[:min(len(out), 2048)])}
				r.Survivors = append(r.Survivors, s)
				leaks[p.name] = append(leaks[p.name], s)
			}
			if !marked {
				r.Silent = append(r.Silent, p.name+"/"+f.name)
			}
		}
	}
	for _, p := range positions {
		if l := leaks[p.name]; l != nil {
			names := make([]string, len(l))
			for i, s := range l {
				names[i] = s.Form + " (" + s.How + ")"
			}
			t.Errorf("redacttest: %s: %d canaries survived: %s\nsuch as in: %s", p.name, len(l), strings.Join(names, ", "), l[0].Output)
		}
	}
	if len(r.Silent) > 0 {
		t.Errorf("redacttest: %d outputs lack what was not sensitive, the first at %s: silence proves nothing", len(r.Silent), r.Silent[0])
	}
	for _, e := range except {
		if !used[e] {
			t.Errorf("redacttest: there is no %q to except", e)
		}
	}
	t.Logf("redacttest: %s", r)
	return r
}

// String says it in one line.
func (r *Report) String() string {
	return fmt.Sprintf("%d canaries planted in %d positions, %d survived", r.Cells, len(r.Positions), len(r.Survivors))
}

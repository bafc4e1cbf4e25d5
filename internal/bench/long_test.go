package bench

import (
	"runtime"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
)

// A longWay is one implementation of a workload that takes longer than a turn, over so many rows.
type longWay struct {
	name string
	rows int
	prep func() error // not measured; may be nil
	run  func() error
}

// compareLong runs the ways in turns, once a round after a round to warm up, and reports what a row costs, of time and of processor time, and the
// ratios of these to those of the first way. A -benchtime that is a time means three rounds.
func compareLong(b *testing.B, pg *dbtest.PG, ways []longWay) {
	b.Helper()
	rounds := longRounds() - 1
	all := make([]figures, len(ways))
	for r := range rounds + 1 {
		servers := func() time.Duration { // of the sessions that there are: one may come while a way runs
			if m := (&pgWorld{PG: pg}).serverCPU(b); m != nil {
				return m()
			}
			return 0
		}
		for i, x := range ways {
			if x.prep != nil {
				if err := x.prep(); err != nil {
					b.Fatal(x.name, err)
				}
			}
			runtime.GC()
			theirs, own, begun := servers(), ownCPU(), time.Now() // in this order: to ask is work
			if err := x.run(); err != nil {
				b.Fatal(x.name, err)
			}
			took, worked := time.Since(begun), ownCPU()-own
			if worked += servers() - theirs; r > 0 {
				all[i].ns = append(all[i].ns, float64(took)/float64(x.rows))
				all[i].cpu = append(all[i].cpu, float64(worked)/float64(x.rows))
			}
		}
	}
	for i, x := range ways {
		f := &all[i]
		m := map[string]float64{"rows/s": 1e9 / median(f.ns), "best-rows/s": 1e9 / quantile(f.ns, best), "cpu-rows/s": 1e9 / median(f.cpu)}
		if i > 0 {
			m["x-"+ways[0].name], m["±%-"+ways[0].name] = ratio(f.ns, all[0].ns)
			m["cpu-x-"+ways[0].name], _ = ratio(f.cpu, all[0].cpu)
		}
		report(b, x.name, rounds, m)
	}
}

// longRounds is how often compareLong runs each way.
func longRounds() int {
	if _, rounds := budget(); rounds > 0 {
		return rounds + 1
	}
	return 4
}

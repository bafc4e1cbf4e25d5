package bench

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A way is one implementation of a workload.
type way struct {
	name string
	// open readies the way and returns what does n operations, one after the other or n in all by
	// several workers. A nil function leaves the way out.
	open func(tb testing.TB) func(n int) error
	vs   []string // the ways it is compared with, by name
	// prep readies the next n operations, outside the measured time.
	prep func(n int)
	// also turns the median time of an operation into one more figure.
	also func(ns float64) (unit string, value float64)
	// bytes is how many an operation works through: 0, or its MB/s are reported, in the median and of undisturbed turns.
	bytes int
	// turn is how long one turn is, if not the constant: for many workers, the last of whom would weigh too much.
	turn time.Duration
}

// turn is how long one way runs before the next has its turn: long enough for the clock, short enough that
// ways next to each other meet the same machine.
const turn = 8 * time.Millisecond

// budget is what -benchtime asks for: a time for each way, or a number of rounds.
func budget() (perWay time.Duration, rounds int) {
	s := flag.Lookup("test.benchtime").Value.String()
	if n, ok := strings.CutSuffix(s, "x"); ok {
		rounds, _ = strconv.Atoi(n)
		return 0, rounds
	}
	perWay, _ = time.ParseDuration(s)
	return perWay, 0
}

// figures are what one way took per operation, in each round.
type figures struct {
	ns, cpu, allocs []float64 // of this process, and cpu of the servers that a meter knows
	ops             int
}

// compare runs the ways in turns and reports each as a sub-benchmark of b, with its median time and its
// ratio to each way it is compared with:
//
//	x-WAY       the median of the ratios of wall time, round by round, and ±% half their interquartile range
//	best-x-WAY  the ratio of the best times (of the 5th percentile), which other work on the machine hardly touches
//	cpu-x-WAY   the median of the ratios of processor time
//
// server makes the meter of other processes' time; nil means that there are none.
func compare(b *testing.B, ways []way, server func(testing.TB) cpuMeter) {
	b.Helper()
	type open struct {
		way
		run func(int) error
		n   int // operations in a turn
		figures
	}
	var all []*open
	for _, w := range ways {
		run := w.open(b)
		if run == nil {
			continue
		}
		if w.prep == nil {
			w.prep = func(int) {}
		}
		if w.turn == 0 {
			w.turn = turn
		}
		all = append(all, &open{way: w, run: run, n: perTurn(b, w, run)})
	}
	others := cpuMeter(func() time.Duration { return 0 })
	if server != nil {
		others = server(b)
	}
	perWay, rounds := budget()
	deadline := time.Now().Add(perWay * time.Duration(len(all)))
	for r := 0; r < max(rounds, 3) || rounds == 0 && time.Now().Before(deadline); r++ {
		for _, k := range rand.Perm(len(all)) {
			o := all[k]
			o.prep(o.n)
			if err := o.measure(o.run, o.n, others); err != nil {
				b.Fatalf("%s: %v", o.name, err)
			}
		}
	}
	byName := map[string]*open{}
	for _, o := range all {
		byName[o.name] = o
	}
	for _, o := range all {
		m := map[string]float64{"ns/op": median(o.ns), "best-ns": quantile(o.ns, best), "allocs": median(o.allocs)}
		if others != nil {
			m["cpu-ns/op"] = median(o.cpu)
		}
		for _, v := range o.vs {
			if base := byName[v]; base != nil {
				m["x-"+v], m["±%-"+v] = ratio(o.ns, base.ns)
				m["best-x-"+v] = quantile(o.ns, best) / quantile(base.ns, best)
				if others != nil {
					m["cpu-x-"+v], _ = ratio(o.cpu, base.cpu)
				}
			}
		}
		if o.also != nil {
			unit, v := o.also(m["ns/op"])
			m[unit] = v
		}
		if o.bytes > 0 {
			m["MB/s"], m["best-MB/s"] = float64(o.bytes)*1e3/m["ns/op"], float64(o.bytes)*1e3/m["best-ns"]
		}
		report(b, o.name, o.ops, m)
	}
}

// perTurn warms run up and returns how many operations fill a turn.
func perTurn(b *testing.B, w way, run func(int) error) int {
	b.Helper()
	once := func(n int) time.Duration {
		w.prep(n)
		start := time.Now()
		if err := run(n); err != nil {
			b.Fatalf("%s: %v", w.name, err)
		}
		return time.Since(start)
	}
	n := 1
	for warm := time.Duration(0); warm < 4*turn; n = min(2*n, 8) { // connections, caches, prepared statements
		warm += once(n)
	}
	for n = 1; ; n *= 2 {
		if d := min(once(n), once(n), once(n)); d >= w.turn/2 {
			each := float64(d) / float64(n)
			// Some ways finish an operation behind its back: of few in a turn, the last would weigh too much.
			return max(1, int(float64(w.turn)/each), min(16, int(20*float64(turn)/each)))
		}
	}
}

func (f *figures) measure(run func(int) error, n int, others cpuMeter) error {
	if others == nil {
		others = func() time.Duration { return 0 }
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	others0, own0, start := others(), ownCPU(), time.Now()
	err := run(n)
	d, own := time.Since(start), ownCPU()
	runtime.ReadMemStats(&after)
	f.ns = append(f.ns, float64(d.Nanoseconds())/float64(n))
	f.cpu = append(f.cpu, float64((own-own0+others()-others0).Nanoseconds())/float64(n))
	f.allocs = append(f.allocs, float64((after.Mallocs-before.Mallocs)/uint64(n)))
	f.ops += n
	return err
}

// report prints metrics as the result of the sub-benchmark name and keeps them for the table of goals.
func report(b *testing.B, name string, ops int, metrics map[string]float64) {
	_, rounds := budget()
	b.Run(name, func(b *testing.B) {
		if rounds > 0 || b.N >= 1e9 { // the framework's last call of a function that takes no time
			b.N = ops //lint:ignore SA3001 the measuring is over
		}
		for unit, v := range metrics {
			b.ReportMetric(v, unit)
		}
	})
	workload := strings.TrimPrefix(b.Name(), "Benchmark")
	for unit, v := range metrics {
		measured[fmt.Sprintf("%s/%s %s", workload, name, unit)] = v
	}
}

// best is the quantile that stands for a turn that nothing disturbed.
const best = 0.05

func median(xs []float64) float64 { return quantile(xs, 0.5) }

func quantile(xs []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(xs))
	return s[int(q*float64(len(s)-1)+0.5)]
}

// ratio returns the median of the ratios of paired rounds, and half their interquartile range in percent.
func ratio(xs, base []float64) (mid, spread float64) {
	r := make([]float64, len(xs))
	for i := range r {
		r[i] = xs[i] / base[i]
	}
	mid = median(r)
	return mid, (quantile(r, 0.75) - quantile(r, 0.25)) / 2 / mid * 100
}

// checkWays runs each way once, for the right answer only.
func checkWays(t *testing.T, ways []way) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			run := w.open(t)
			if run == nil {
				t.Skip("left out here")
			}
			if w.prep != nil {
				w.prep(20)
			}
			if err := run(20); err != nil {
				t.Fatal(err)
			}
		})
	}
}

package rbac

import (
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"
)

// pace lets each key do something so often in a while. It takes the same memory for any number of keys: those that fall on
// one cell share its pace, so that an attacker with many addresses slows down others and is never let through more often,
// nor makes it grow. Which keys share a cell nobody can tell beforehand.
type pace struct {
	seed  maphash.Seed
	cells []atomic.Int64 // until when what was let through would have taken at an even pace (GCRA)
	every int64          // nanoseconds
	room  int64
}

const paceCells = 1 << 13 // 64 kB

// newPace lets through one in every on average, and burst at once after a pause.
func newPace(every time.Duration, burst, cells int) *pace {
	return &pace{maphash.MakeSeed(), make([]atomic.Int64, cells), int64(every), int64(every) * int64(burst-1)}
}

func paceOf[K comparable](p *pace, key K) *atomic.Int64 {
	return &p.cells[maphash.Comparable(p.seed, key)%uint64(len(p.cells))]
}

// take returns 0 if key is let through at now, and else for how long it is not.
func take[K comparable](p *pace, now int64, key K) time.Duration {
	cell := paceOf(p, key)
	for {
		until := cell.Load()
		next := max(until, now) + p.every
		if ahead := next - p.every - now; ahead > p.room {
			return time.Duration(ahead - p.room)
		}
		if cell.CompareAndSwap(until, next) {
			return 0
		}
	}
}

// giveBack undoes a take.
func giveBack[K comparable](p *pace, key K) { paceOf(p, key).Add(-p.every) }

// networkOf returns the network that a client's address is kept as: a /24, or a /48. The zero Prefix: not known.
func networkOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits)
	return p
}

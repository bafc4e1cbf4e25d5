package consent

import (
	"context"
	"crypto/sha256"
	"hash"
	"runtime"
	"sync"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// A Verification is what [Manager.Verify] found.
type Verification struct {
	Entries uint64
	// Head is the last entry's: compare its hash with the one that the audit log has of the same number.
	Head Head
	// Broken are the places that are not as they were written, in order; the first 100 of them.
	Broken []Break
}

// OK reports whether nothing is broken.
func (r *Verification) OK() bool { return len(r.Broken) == 0 }

// A Break is a place in a ledger.
type Break struct {
	Seq uint64
	Why string // "altered", or "missing" for it and maybe more before the next
}

// Verify reads the whole ledger of ctx's tenant and says whether each entry is as it was written and follows the one before. That nobody wrote the
// whole of it anew, or cut off its end, only the hashes in the audit log show. Outside of a transaction it reads on as many connections as there are
// processors, 4 at most.
func (m *Manager) Verify(ctx context.Context) (rep Verification, err error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return rep, err
	}
	if m.c.Store == nil {
		return rep, errNoStore
	}
	readers := min(4, runtime.GOMAXPROCS(0))
	if m.c.Store.InTx(ctx) { // which one at a time may use
		readers = 1
	}
	of := tenant.String()
	for {
		parts := make([]part, readers)
		var all sync.WaitGroup
		for i := range parts {
			parts[i].after = rep.Head.Seq + uint64(i)*page
			all.Go(func() { parts[i].read(ctx, m.c.Store, of) })
		}
		all.Wait()
		for i := range parts {
			p := &parts[i]
			// Only what comes after the last entry counts: a part that began elsewhere, because those before had fewer entries or others, is read
			// again; and so is one that could not be, because there were several.
			if i > 0 && (p.after != rep.Head.Seq || p.err != nil || len(p.entries) == 0) {
				break
			}
			if p.err != nil || len(p.entries) == 0 {
				return rep, p.err
			}
			rep.add(p, of)
		}
	}
}

// A part of a ledger is read and looked at for itself, beside others.
type part struct {
	after   uint64
	entries []Entry
	broken  []Break // but for the first entry, which follows another part
	err     error
}

func (p *part) read(ctx context.Context, s Store, tenant string) {
	if p.entries, p.err = s.Ledger(ctx, p.after, page); len(p.entries) > 0 {
		h, buf := sha256.New(), make([]byte, 0, 256)
		for i := range p.entries[1:] {
			p.broken, buf = follow(p.broken, h, buf, tenant, &p.entries[i], &p.entries[i+1])
		}
	}
}

// add adds p, which begins after the last entry.
func (r *Verification) add(p *part, tenant string) {
	r.Broken, _ = follow(r.Broken, sha256.New(), nil, tenant, &Entry{Seq: r.Head.Seq, Hash: r.Head.Hash}, &p.entries[0])
	r.Broken = append(r.Broken, p.broken...)
	r.Broken = r.Broken[:min(100, len(r.Broken))]
	r.Entries += uint64(len(p.entries))
	last := &p.entries[len(p.entries)-1]
	r.Head.Seq, r.Head.Hash = last.Seq, last.Hash
}

// follow adds what is wrong with e as the entry that comes after last.
func follow(broken []Break, h hash.Hash, buf []byte, tenant string, last, e *Entry) ([]Break, []byte) {
	if e.Seq != last.Seq+1 {
		return append(broken, Break{last.Seq + 1, "missing"}), buf
	}
	sum, buf := e.sum(h, buf, tenant, last.Hash)
	if sum != e.Hash {
		broken = append(broken, Break{e.Seq, "altered"})
	}
	return broken, buf
}

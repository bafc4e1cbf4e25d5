package consent

import (
	"context"
	"crypto/sha256"
	"hash"

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
// whole of it anew, or cut off its end, only the hashes in the audit log show.
func (m *Manager) Verify(ctx context.Context) (rep Verification, err error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return rep, err
	}
	if m.c.Store == nil {
		return rep, errNoStore
	}
	// The hashes are computed while the next entries are read.
	pages, checked := make(chan []Entry, 1), make(chan struct{})
	go func() {
		defer close(checked)
		c := checker{rep: &rep, tenant: tenant.String(), h: sha256.New()}
		for es := range pages {
			c.check(es)
		}
	}()
	for last := uint64(0); err == nil; {
		var es []Entry
		if es, err = m.c.Store.Ledger(ctx, last, page); len(es) == 0 {
			break
		}
		last = es[len(es)-1].Seq
		pages <- es
	}
	close(pages)
	<-checked
	return rep, err
}

// A checker goes through a ledger.
type checker struct {
	rep    *Verification
	tenant string
	h      hash.Hash
	buf    []byte
}

func (c *checker) check(es []Entry) {
	rep := c.rep
	for i := range es {
		e := &es[i]
		rep.Entries++
		if e.Seq != rep.Head.Seq+1 {
			c.broken(rep.Head.Seq+1, "missing")
		} else {
			var sum Hash
			if sum, c.buf = e.sum(c.h, c.buf, c.tenant, rep.Head.Hash); sum != e.Hash {
				c.broken(e.Seq, "altered")
			}
		}
		rep.Head.Seq, rep.Head.Hash = e.Seq, e.Hash
	}
}

func (c *checker) broken(seq uint64, why string) {
	if len(c.rep.Broken) < 100 {
		c.rep.Broken = append(c.rep.Broken, Break{seq, why})
	}
}

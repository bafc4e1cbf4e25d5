package consent

import (
	"context"
	"crypto/sha256"

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
	h, buf := sha256.New(), []byte(nil)
	broken := func(seq uint64, why string) {
		if len(rep.Broken) < 100 {
			rep.Broken = append(rep.Broken, Break{seq, why})
		}
	}
	for {
		es, err := m.c.Store.Ledger(ctx, rep.Head.Seq, page)
		if err != nil {
			return rep, err
		}
		for i := range es {
			e := &es[i]
			rep.Entries++
			if e.Seq != rep.Head.Seq+1 {
				broken(rep.Head.Seq+1, "missing")
			} else {
				var sum Hash
				if sum, buf = e.sum(h, buf, tenant.String(), rep.Head.Hash); sum != e.Hash {
					broken(e.Seq, "altered")
				}
			}
			rep.Head.Seq, rep.Head.Hash = e.Seq, e.Hash
		}
		if len(es) < page {
			return rep, nil
		}
	}
}

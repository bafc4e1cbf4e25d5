package retention

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"github.com/bailiwick-dev/bailiwick/dsar/receipt"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Workspace ends tenants: a customer leaves, and all that is theirs goes with a certificate that says so.
type Workspace struct {
	Life   *tenancy.Lifecycle
	Signer note.Signer // of the certificate
	// Shred destroys the tenant's keys, as vault.Vault can: called once nobody can reach the tenant and before anything is destroyed, and
	// again when the end is repeated. nil: the certificate says that no keys were shredded.
	Shred func(ctx context.Context, id tenancy.ID) error
	// Processors tells those outside, and says how they stand. It is asked before anything is destroyed, and again when the end is repeated:
	// what it knows is kept elsewhere than with the tenant. nil: there are none.
	Processors func(ctx context.Context, id tenancy.ID) ([]receipt.Processor, error)
	Residual   []string // what may still hold copies, and until when: "backups, for 35 days"
	Map        string   // hash of the map of data
}

// End purges a tenant that is suspended or was exported, and returns the signed certificate: see receipt.OpenCertificate. If something fails,
// or the process dies, call it again: it goes on where it was, and what was destroyed is certified by the first receipt. While anything is
// left there is an error, and no certificate.
func (w *Workspace) End(ctx context.Context, id tenancy.ID) (signed []byte, err error) {
	if w.Life == nil || w.Signer == nil {
		return nil, errors.New("retention: a workspace ends with a lifecycle and a signer")
	}
	var told []receipt.Processor
	tell := func() error {
		if w.Processors != nil {
			if told, err = w.Processors(ctx, id); err != nil {
				return fmt.Errorf("retention: processors: %w", err)
			}
		}
		return nil
	}
	ready := false
	life := *w.Life
	life.BeforePurge = func(ctx context.Context, t tenancy.Tenant) error {
		if err := tell(); err != nil {
			return err
		}
		if w.Shred != nil {
			if err := w.Shred(ctx, id); err != nil {
				return fmt.Errorf("retention: shredding keys: %w", err)
			}
		}
		if w.Life.BeforePurge != nil {
			if err := w.Life.BeforePurge(ctx, t); err != nil {
				return err
			}
		}
		ready = true
		return nil
	}
	done, err := life.Purge(ctx, id)
	if err != nil {
		return nil, err
	}
	if !ready { // it was purged by an earlier call, or by somebody else
		if err := tell(); err != nil {
			return nil, err
		}
		if w.Shred != nil {
			if err := w.Shred(tenancy.Switch(ctx, id), id); err != nil {
				return nil, fmt.Errorf("retention: shredding keys: %w", err)
			}
		}
	}
	c, err := receipt.OfPurge(done)
	if err != nil {
		return nil, err
	}
	c.Map, c.Keys, c.Processors, c.Residual = w.Map, w.Shred != nil, told, append(c.Residual, slices.Clone(w.Residual)...)
	return c.Sign(w.Signer)
}

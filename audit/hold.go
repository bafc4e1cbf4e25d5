package audit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Holding asks for a legal hold: until it is released, what it covers is neither erased nor pruned.
type Holding struct {
	ID      string  // the matter, such as "2026-117": 1 to 128 bytes
	Subject Subject // whose values and events are kept; "": everything
	// Reason and By are recorded; Reason is clear text for ever: nothing personal in it.
	Reason string
	By     Party
}

const maxHoldID = 128

// errHoldTaken: the matter holds something else.
var errHoldTaken = errors.New("audit: a hold of that id covers something else")

// Hold places a legal hold and records it (audit.hold_placed), both or neither. It waits for erasures that have begun, and
// those that begin later see it. A hold that is in force under that ID and covers the same stays as it is: nothing is
// recorded, and the receipt has only Again and Tenant.
func (l *Log) Hold(ctx context.Context, h Holding) (Receipt, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return Receipt{}, err
	}
	if err := checkHold(h.ID, h.Reason, h.By); err != nil {
		return Receipt{}, err
	}
	to := Hold{ID: h.ID, Reason: h.Reason}
	data := map[string]any{"hold": h.ID, "scope": "all", "reason": h.Reason}
	if h.Subject != "" {
		who := l.pseudonym(tenant, h.Subject)
		to.Subject = &who
		data["scope"], data["pseudonym"] = "subject", hex.EncodeToString(who[:])
	}
	placed := Receipt{Tenant: tenant, Again: true}
	there := func(ctx context.Context) (bool, error) {
		all, err := l.store.Holds(ctx)
		i := slices.IndexFunc(all, func(o Hold) bool { return o.ID == h.ID })
		if err != nil || i < 0 {
			return false, err
		}
		if (all[i].Subject == nil) != (to.Subject == nil) || to.Subject != nil && *all[i].Subject != *to.Subject {
			return true, errHoldTaken
		}
		return true, nil
	}
	if ok, err := there(ctx); ok || err != nil {
		return placed, err
	}
	err = l.store.Tx(ctx, func(ctx context.Context) error {
		receipts, err := l.appendOwn(ctx, tenant, Event{Action: HoldPlaced, Actor: h.By, Data: data})
		if err != nil {
			return err
		}
		if ok, err := there(ctx); err != nil {
			return err
		} else if ok {
			return errRaced
		}
		placed = receipts[0]
		return l.store.Hold(ctx, to)
	})
	if errors.Is(err, errRaced) && !l.store.InTx(ctx) {
		return l.Hold(ctx, h)
	}
	if err != nil {
		return Receipt{}, err
	}
	return placed, nil
}

// Release ends a hold and records it (audit.hold_released), both or neither. It is [ErrNotFound] if none of that ID is in
// force.
func (l *Log) Release(ctx context.Context, id, reason string, by Party) (Receipt, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return Receipt{}, err
	}
	if err := checkHold(id, reason, by); err != nil {
		return Receipt{}, err
	}
	all, err := l.store.Holds(ctx)
	if err != nil {
		return Receipt{}, err
	}
	i := slices.IndexFunc(all, func(o Hold) bool { return o.ID == id })
	if i < 0 {
		return Receipt{}, fmt.Errorf("%w: no such hold", ErrNotFound)
	}
	data := map[string]any{"hold": id, "scope": "all", "reason": reason}
	if who := all[i].Subject; who != nil {
		data["scope"], data["pseudonym"] = "subject", hex.EncodeToString(who[:])
	}
	var released Receipt
	err = l.store.Tx(ctx, func(ctx context.Context) error {
		receipts, err := l.appendOwn(ctx, tenant, Event{Action: HoldReleased, Actor: by, Data: data})
		if err != nil {
			return err
		}
		released = receipts[0]
		return l.store.Release(ctx, id)
	})
	if err != nil {
		return Receipt{}, err
	}
	return released, nil
}

// Holds returns the holds in force, by ID.
func (l *Log) Holds(ctx context.Context) ([]Hold, error) { return l.store.Holds(ctx) }

func checkHold(id, reason string, by Party) error {
	if id == "" || len(id) > maxHoldID {
		return badField("hold", "its id is not 1 to 128 bytes")
	}
	if strings.IndexByte(id, 0) >= 0 {
		return badField("hold", "its id has a NUL")
	}
	if err := checkText("hold", ".id", id, maxHoldID); err != nil {
		return err
	}
	if err := checkText("hold", ".reason", reason, basisBytes); err != nil {
		return err
	}
	return checkAct(reason, by)
}

package tombstone

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Row is what a person's row says of who they are.
type Row struct {
	Key   []string
	Known map[string][]string // the identifiers it has now
	Born  string              // when it was made, in a form that no setting changes; "" if the table does not tell
}

// Finder looks for people's rows in the subjects' tables, for ctx's tenant. [People] returns one over tenantdb.
type Finder interface {
	// ByKey returns the row of that key; dsar.ErrNobody if there is none.
	ByKey(ctx context.Context, kind string, key []string) (Row, error)
	// ByKnown returns the rows that have one of the identifiers; nil if the kind has no table.
	ByKnown(ctx context.Context, kind string, known map[string][]string) ([]Row, error)
}

// Guard stands before a database. Fields are set before its first use; it is then safe for concurrent use.
type Guard struct {
	Log    Log
	Mark   Mark
	People Finder
	Keys   Keys
	Eraser dsar.Eraser
	Prover dsar.Prover // may be nil: then nobody looks whether replayed erasures left something
	Map    string      // Compiled.Hash
	// Decide is asked when it cannot be told whether a row is the person's: true erases it. Nil: Replay is ErrUnsure. The text of e
	// tells nothing; key is that of the row.
	Decide func(ctx context.Context, e Entry, key []string) (same bool, err error)
}

// Prepare seals who is going to be erased, while their row can still be read. The stone is kept until [Guard.Place]; it holds
// nothing in clear. id is that of the request.
func (g *Guard) Prepare(ctx context.Context, id string, p dsar.Person) (Stone, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return Stone{}, err
	}
	if id == "" || p.Kind == "" || len(p.Key) == 0 && len(p.Known) == 0 {
		return Stone{}, errors.New("tombstone: a stone needs an id and somebody")
	}
	if len(g.Keys) == 0 || g.Keys[0].IsZero() {
		return Stone{}, fmt.Errorf("%w: none is given", ErrKey)
	}
	in := inside{Kind: p.Kind, Key: p.Key, Known: map[string][]string{}}
	join(in.Known, p.Known)
	if len(p.Key) > 0 {
		switch row, err := g.People.ByKey(ctx, p.Kind, p.Key); {
		case errors.Is(err, dsar.ErrNobody):
		case err != nil:
			return Stone{}, err
		default:
			in.Born = row.Born
			join(in.Known, row.Known)
		}
	}
	return seal(g.Keys[0], id, tenant, g.Map, in)
}

func join(into, more map[string][]string) {
	for name, values := range more {
		for _, v := range values {
			if v != "" && !slices.Contains(into[name], v) {
				into[name] = append(into[name], v)
			}
		}
	}
}

// Place writes the stone of somebody who was erased at a time into the log, and then into the database that it did. It may be
// repeated. A stone of another tenant than ctx's is tenancy.ErrConflict.
func (g *Guard) Place(ctx context.Context, s Stone, at time.Time) error {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	if tenant != s.Tenant {
		return fmt.Errorf("tombstone: the stone is another tenant's: %w", tenancy.ErrConflict)
	}
	// A database that is behind stays behind: marking it here would hide what has to be replayed.
	if err := g.Check(ctx); err != nil && !g.placed(ctx, s) {
		return err
	}
	e, err := g.Log.Append(ctx, s, at)
	if err != nil {
		return err
	}
	return g.note(ctx, e)
}

// note tells the database of a line, after those before it: others may be about to do the same with theirs.
func (g *Guard) note(ctx context.Context, e Entry) error {
	for wait := time.Millisecond; ; wait *= 2 {
		mark, err := g.Mark.Mark(ctx)
		if err != nil || mark.Seq >= e.Seq {
			return err
		}
		behind, err := g.Log.After(ctx, e.Tenant, mark.Seq)
		if err != nil {
			return err
		}
		if len(behind) > 0 && behind[0].Seq == e.Seq {
			return g.Mark.Advance(ctx, Head{e.Seq, e.Hash})
		}
		if wait > patience {
			return ErrRestored // who wrote the line before did not come back: Replay sees to both
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// patience is how long somebody may take between the log and the database, about.
const patience = 500 * time.Millisecond

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// placed reports whether the stone is the one that the database is behind by: a crash came between the two.
func (g *Guard) placed(ctx context.Context, s Stone) bool {
	mark, err := g.Mark.Mark(ctx)
	if err != nil {
		return false
	}
	behind, err := g.Log.After(ctx, s.Tenant, mark.Seq)
	return err == nil && len(behind) == 1 && behind[0].ID == s.ID
}

// Start checks every tenant that has lines, before anything is served. Its ctx belongs to no tenant. Tenants that are gone for good
// have nothing to bring back. The error joins those of all tenants.
func (g *Guard) Start(ctx context.Context) error {
	tenants, err := g.Log.Tenants(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range tenants {
		err := g.Check(tenancy.Switch(ctx, id))
		if err != nil && !errors.Is(err, tenancy.ErrPurged) && !errors.Is(err, tenancy.ErrUnknownTenant) {
			errs = append(errs, fmt.Errorf("tenant %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// Check is nil if the database of ctx's tenant has seen every line of the log: [ErrRestored] if it is behind, [ErrLog] if the
// log is not the one it saw.
func (g *Guard) Check(ctx context.Context) error {
	for wait := time.Millisecond; ; wait *= 2 { // somebody may have written a line, and be about to tell the database
		err := g.behind(ctx)
		if !errors.Is(err, ErrRestored) || wait > patience {
			return err
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

func (g *Guard) behind(ctx context.Context) error {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	head, err := g.Log.Head(ctx, tenant) // before the mark, which only grows
	if err != nil {
		return err
	}
	mark, err := g.Mark.Mark(ctx)
	if err != nil {
		return err
	}
	if mark.Seq > 0 {
		hash, ok, err := g.Log.Line(ctx, mark.Seq)
		if err != nil {
			return err
		}
		if !ok || hash != mark.Hash {
			return fmt.Errorf("%w: it has not the line that the database saw last", ErrLog)
		}
	}
	if mark.Seq < head.Seq {
		return ErrRestored
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// settle waits until the other process may know nothing any more of what was before.
func (t *team) settle(ctx context.Context) error {
	select {
	case <-time.After(freshFor + 100*time.Millisecond):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func leaverGoesOn(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, juniper)
	t := d.team
	editor, err := t.a.Member(ctx, edda)
	if err != nil {
		return outcome{}, err
	}
	_, known := t.member(ctx, edda)
	admin, err := t.a.Member(ctx, ada)
	if err := errors.Join(known, err); err != nil {
		return outcome{}, err
	}
	began := time.Now()
	if err := t.remove(ctx, admin, edda); err != nil {
		return outcome{}, err
	}
	_, here := t.a.Member(ctx, edda)
	left := fmt.Sprintf("here at once: %v", here)
	if !errors.Is(here, &rbac.Denied{Reason: rbac.NotMember}) {
		return outcome{}, errors.Join(errors.New("she is let in here"), here)
	}
	there := error(nil)
	for there == nil && time.Since(began) < 2*freshFor {
		if err := t.settle(ctx); err != nil {
			return outcome{}, err
		}
		_, there = t.member(ctx, edda)
	}
	if !errors.Is(there, &rbac.Denied{Reason: rbac.NotMember}) {
		return outcome{}, errors.Join(errors.New("she is let in by the other process"), there)
	}
	if err := t.a.SetRoles(ctx, editor, lea, roles.Viewer.ID()); !errors.Is(err, rbac.ErrDenied) { // with what she held before
		return outcome{}, errors.Join(errors.New("what she held is good still"), err)
	}
	return outcome{left + fmt.Sprintf("\nthere within %v: %v", freshFor, there), byRBAC}, nil
}

// cut is a store that stops answering.
type cut struct {
	rbac.Store
	off chan struct{}
}

var errCut = errors.New("the connection is cut")

func (c cut) Version(ctx context.Context) (int64, time.Time, error) {
	select {
	case <-c.off:
		return 0, time.Time{}, errCut
	default:
		return c.Store.Version(ctx)
	}
}

func doubtIsNo(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, juniper)
	off := make(chan struct{})
	there, err := rbac.New(access, cut{d.team.store, off}, rbac.Options{FreshFor: freshFor / 2, MaxStaleness: freshFor})
	if err != nil {
		return outcome{}, err
	}
	defer there.Close()
	if _, err := there.Member(ctx, ada); err != nil {
		return outcome{}, err
	}
	close(off)
	if err := d.team.settle(ctx); err != nil {
		return outcome{}, err
	}
	_, err = there.Member(ctx, ada)
	return refused(byRBAC, err, rbac.ErrStale)
}

package rbacsql_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// later is a store whose clock is ahead.
type later struct {
	rbac.Store
	by *atomic.Int64
}

func (s later) Version(ctx context.Context) (int64, time.Time, error) {
	v, now, err := s.Store.Version(ctx)
	return v, now.Add(time.Duration(s.by.Load())), err
}

func (s later) Advance(ctx context.Context) (int64, time.Time, error) {
	v, now, err := s.Store.Advance(ctx)
	return v, now.Add(time.Duration(s.by.Load())), err
}

func (s later) Changes(ctx context.Context, after int64) (rbac.Changes, error) {
	c, err := s.Store.Changes(ctx, after)
	c.Now = c.Now.Add(time.Duration(s.by.Load()))
	return c, err
}

func TestAnAccessReviewIsDoneByTwoProcesses(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		c := rbac.NewCatalog("review")
		read, write := c.Permission("page.read"), c.Permission("page.write")
		viewer := c.Role("viewer", read)
		editor := c.Role("editor", viewer, write)
		admin := c.Role("admin", rbac.Everything, rbac.Owner)
		var ahead atomic.Int64
		var one, two *rbac.Authorizer
		for n, p := range []**rbac.Authorizer{&one, &two} {
			at := w
			if n == 1 {
				at = w.Process(t)
			}
			a, err := rbac.New(c, later{storeIn(t, at), &ahead}, rbac.Options{})
			require.NoError(t, err)
			t.Cleanup(func() { _ = a.Close() })
			*p = a
		}
		both := []*rbac.Authorizer{one, two}
		ctx := w.Tenant(t)
		system := func(a *rbac.Authorizer, ctx context.Context) rbac.Principal {
			p, err := a.System(ctx, "test")
			require.NoError(t, err)
			return p
		}
		as := func(a *rbac.Authorizer, id string) rbac.Principal {
			p, err := a.MemberFresh(ctx, rbac.User(id))
			require.NoError(t, err)
			return p
		}
		sys := system(one, ctx)
		require.NoError(t, one.Found(ctx, sys, rbac.User("ann"), admin.ID()))
		require.NoError(t, one.Add(ctx, sys, rbac.User("bob"), admin.ID()))
		const n = 60
		require.NoError(t, one.Add(ctx, sys, rbac.User("u0000"), editor.ID()))
		s := storeIn(t, w)
		require.NoError(t, s.Tx(ctx, func(ctx context.Context) error {
			v, now, err := s.Advance(ctx)
			for i := 1; i < n && err == nil; i++ {
				err = s.PutMember(ctx, rbac.MemberRow{Subject: rbac.User(fmt.Sprintf("u%04d", i)), Version: v, Roles: []rbac.RoleID{editor.ID()}, Status: rbac.Active, Created: now})
			}
			return err
		}))

		// Both open one: there is one.
		var wg sync.WaitGroup
		opened := make([]rbac.Review, 2)
		errs := make([]error, 2)
		for i, a := range both {
			by := as(a, []string{"ann", "bob"}[i])
			wg.Go(func() { opened[i], errs[i] = a.OpenReview(ctx, by, rbac.ReviewSpec{Overdue: rbac.OverdueSuspend}) })
		}
		wg.Wait()
		require.True(t, errors.Is(errs[0], rbac.ErrExists) != errors.Is(errs[1], rbac.ErrExists), "%v", errs)
		require.Equal(t, opened[0], opened[1])
		review := opened[0]
		require.Equal(t, n+2, review.Items)

		items := map[string]rbac.ReviewItem{}
		for after := ""; ; {
			page, err := two.ReviewItems(ctx, as(two, "bob"), review.ID, after, 1000)
			require.NoError(t, err)
			if len(page) == 0 {
				break
			}
			for _, i := range page {
				require.False(t, i.Changed)
				items[i.ID], after = i, i.Key
			}
		}
		require.Len(t, items, n+2)

		// Both decide on the same item, by what both saw: one is told so.
		for _, i := range []rbac.ReviewItem{items["u0000"], items["u0001"], items["u0002"]} {
			for p, a := range both {
				by := as(a, []string{"ann", "bob"}[p])
				wg.Go(func() {
					_, errs[p] = a.Decide(ctx, by, review.ID, i.Key, rbac.Verdict{Decision: []rbac.Decision{rbac.Keep, rbac.Remove}[p], ETag: i.ETag})
				})
			}
			wg.Wait()
			require.True(t, (errs[0] == nil) != (errs[1] == nil), "%v", errs)
			require.ErrorIs(t, errors.Join(errs...), rbac.ErrConflict)
		}
		i := items["u0003"]
		_, err := two.Decide(ctx, as(two, "bob"), review.ID, i.Key, rbac.Verdict{Decision: rbac.Reduce, Note: "reads only", Roles: []rbac.RoleID{viewer.ID()}, ETag: i.ETag})
		require.NoError(t, err)
		require.False(t, as(one, "u0003").Can(write))
		_, err = two.Decide(ctx, as(two, "bob"), review.ID, items["bob"].Key, rbac.Verdict{Decision: rbac.Keep, Note: "me"})
		require.ErrorIs(t, err, &rbac.Denied{Reason: rbac.NotSelf})

		// Another tenant has nothing of it.
		other := w.Tenant(t)
		_, err = two.Decide(other, system(two, other), review.ID, i.Key, rbac.Verdict{Decision: rbac.Remove})
		require.ErrorIs(t, err, rbac.ErrNotFound)
		_, err = two.CloseReview(other, system(two, other), review.ID)
		require.ErrorIs(t, err, rbac.ErrNotFound)

		// When it is due, both do the day's work: the policy is applied once, and one is told.
		ahead.Store(int64(31 * 24 * time.Hour))
		notices := make([][]rbac.Notice, 2)
		for p, a := range both {
			wg.Go(func() { notices[p], errs[p] = a.ReviewDue(ctx) })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		told := append(notices[0], notices[1]...)
		require.Len(t, told, 1)
		require.Equal(t, rbac.NoticeDue, told[0].Kind)
		require.Equal(t, n-4, told[0].Suspended)
		require.ElementsMatch(t, []rbac.Subject{rbac.User("ann"), rbac.User("bob")}, told[0].To)
		_, err = two.MemberFresh(ctx, rbac.User("u0059"))
		require.ErrorIs(t, err, &rbac.Denied{Reason: rbac.NotActive})
		as(two, "ann")

		closed, err := two.CloseReview(ctx, as(two, "ann"), review.ID)
		require.NoError(t, err)
		_, err = one.Decide(ctx, as(one, "ann"), review.ID, i.Key, rbac.Verdict{Decision: rbac.Keep, Note: "n"})
		require.ErrorIs(t, err, rbac.ErrReviewClosed)
		var a, b bytes.Buffer
		require.NoError(t, one.WriteReport(ctx, as(one, "ann"), review.ID, &a, rbac.ReportCSV))
		require.NoError(t, two.WriteReport(ctx, as(two, "bob"), review.ID, &b, rbac.ReportCSV))
		require.Equal(t, a.String(), b.String())
		rows, err := csv.NewReader(&a).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, n+3)
		reviews, err := one.Reviews(ctx, as(one, "ann"))
		require.NoError(t, err)
		require.Equal(t, []rbac.Review{closed}, reviews)

		// The database refuses what nobody does.
		item, err := s.Item(ctx, review.ID, i.Key)
		require.NoError(t, err)
		item.Note = "it was me"
		require.ErrorIs(t, s.PutItems(ctx, []rbac.ItemRow{item}), rbac.ErrRefused)
		require.ErrorIs(t, s.PutItems(tenancy.With(context.Background(), w.NewTenant(t)), []rbac.ItemRow{item}), rbac.ErrRefused)
	})
}

package rbac

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestARoleThatWouldInheritFromItselfIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.as(olga)
	save := func(id RoleID, name string, parents ...RoleID) (RoleID, error) {
		return w.SaveRole(w.ctx, by, RoleSpec{ID: id, Name: name, Permissions: []Permission{canRead}, Inherits: parents})
	}
	a, err := save("", "a")
	require.NoError(t, err)
	b, err := save("", "b", a)
	require.NoError(t, err)
	c, err := save("", "c", b, viewer.ID())
	require.NoError(t, err)
	_, err = save(a, "a", a)
	require.ErrorIs(t, err, ErrCycle)
	_, err = save(a, "a", b)
	require.ErrorIs(t, err, ErrCycle)
	_, err = save(a, "a", viewer.ID(), c)
	require.ErrorIs(t, err, ErrCycle)
	_, err = save(a, "a", "~none")
	require.ErrorIs(t, err, ErrRole)
	_, err = save(a, "a", viewer.ID(), viewer.ID())
	require.ErrorIs(t, err, ErrRole)
	_, err = save("~mine", "x")
	require.ErrorIs(t, err, ErrRole, "an id of one's own making")
	_, err = save(viewer.ID(), "x")
	require.ErrorIs(t, err, ErrRole, "a role of the catalogue")
	for _, name := range []string{"", " a", "A", "viewer", "Viewer", "x\ny", "ad\u202emin", "a\u200bb", "\xff", fmt.Sprintf("%65s", "x")} {
		_, err = save("", name)
		require.ErrorIs(t, err, ErrRoleName, name)
	}
	many, err := w.SaveRole(w.ctx, by, RoleSpec{Name: "many", Permissions: slices.Repeat([]Permission{canWrite, ViewAccess, canRead}, 1000)})
	require.NoError(t, err)
	all, err := w.store.Changes(w.ctx, 0)
	require.NoError(t, err)
	for _, r := range all.Roles {
		require.LessOrEqual(t, len(r.Permissions), 3)
		if r.ID == many {
			require.ElementsMatch(t, []string{"page.read", "page.write", "rbac.access.view"}, r.Permissions)
		}
	}
	require.NoError(t, w.RemoveRole(w.ctx, by, b))
	require.ErrorIs(t, w.RemoveRole(w.ctx, by, b), ErrRole)
	_, err = save(a, "a", b)
	require.ErrorIs(t, err, ErrRole, "a role that was removed")
	_, err = save(b, "b")
	require.ErrorIs(t, err, ErrRole, "a removed one comes not back")
}

func TestACycleInTheDatabaseGrantsNothingAndHurtsNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change(func(ctx context.Context, v int64, _ time.Time) {
		for id, parents := range map[RoleID][]RoleID{"~a": {"~b"}, "~b": {"~c"}, "~c": {"~a", viewer.ID()}, "~self": {"~self"}, "~ok": {"~a", editor.ID()}} {
			require.NoError(t, w.store.PutRole(ctx, RoleRow{ID: id, Version: v, Name: string(id), Permissions: []string{canPay.String()}, Parents: parents}))
		}
	})
	for _, id := range []RoleID{"~a", "~b", "~c", "~self", "~ok"} {
		u := User("u" + string(id))
		require.NoError(t, w.Add(w.ctx, w.system(), u, id))
		if id == "~ok" {
			require.Equal(t, []string{"page.read", "page.write", "bill.pay"}, w.may(u))
		} else {
			require.Empty(t, w.may(u))
			require.Equal(t, NotGranted, w.as(u).Explain(canPay).Reason)
		}
	}
	m, err := w.Matrix(w.ctx, w.as(olga))
	require.NoError(t, err)
	cyclic := 0
	for _, r := range m.Roles {
		if r.Cyclic {
			cyclic++
		}
	}
	require.Equal(t, 4, cyclic, "and it is reported")
	// A cycle is mended by an edit.
	_, err = w.SaveRole(w.ctx, w.as(olga), RoleSpec{ID: "~c", Name: "c", Permissions: []Permission{canPay}})
	require.NoError(t, err)
	require.Equal(t, []string{"bill.pay"}, w.may(User("u~a")))
}

// Who takes a role out of a cycle that somebody made by hand gives all that the others in it have.
func TestToMendACycleIsToGiveWhatIsInIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bea := w.user("ann", manager), w.user("bea", viewer)
	w.change(func(ctx context.Context, v int64, now time.Time) {
		require.NoError(t, w.store.PutRole(ctx, RoleRow{ID: "~a", Name: "a", Version: v, Permissions: []string{canRead.String()}, Parents: []RoleID{"~b"}}))
		require.NoError(t, w.store.PutRole(ctx, RoleRow{ID: "~b", Name: "b", Version: v, Permissions: []string{canPay.String()}, Parents: []RoleID{"~a"}}))
		m := w.row(bea)
		m.Version, m.Roles = v, []RoleID{"~b"}
		require.NoError(t, w.store.PutMember(ctx, m))
	})
	spec := RoleSpec{ID: "~a", Name: "a", Permissions: []Permission{canRead}}
	refused(t, ignore(w.SaveRole(w.ctx, w.as(ann), spec)), NotAbove)
	require.False(t, w.as(bea).Can(canPay))
	require.NoError(t, ignore(w.SaveRole(w.ctx, w.as(olga), spec)))
	require.True(t, w.as(bea).Can(canPay))
	require.NoError(t, ignore(w.SaveRole(w.ctx, w.as(ann), RoleSpec{ID: "~a", Name: "a", Permissions: []Permission{canRead, canWrite}})))
	require.True(t, w.as(bea).Can(canWrite))
}

// Who is refused does not pay for how the tenant nested its roles.
func TestARefusalCostsTheSameHoweverDeepTheRolesAre(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann", viewer)
	w.change(func(ctx context.Context, v int64, now time.Time) {
		for n := range 2000 {
			r := RoleRow{ID: RoleID(fmt.Sprintf("~%d", n)), Name: fmt.Sprint(n), Version: v, Parents: []RoleID{RoleID(fmt.Sprintf("~%d", n+1))}}
			if n == 1999 {
				r.Parents, r.Permissions = nil, []string{canIngest.String(), canRead.String()}
			}
			require.NoError(t, w.store.PutRole(ctx, r))
		}
		m := w.row(ann)
		m.Version, m.Roles = v, []RoleID{"~0"}
		require.NoError(t, w.store.PutMember(ctx, m))
	})
	p := w.as(ann)
	refused(t, p.Require(canIngest), ByKind)
	require.LessOrEqual(t, testing.AllocsPerRun(10, func() { _ = p.Require(canIngest) }), 3.0)
	require.Len(t, p.Explain(canRead).By[0], 2000)
	require.LessOrEqual(t, testing.AllocsPerRun(10, func() { _ = p.Explain(canRead) }), 40.0)
}

func TestAThousandRolesDeepWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change(func(ctx context.Context, v int64, _ time.Time) {
		for i := range 1000 {
			r := RoleRow{ID: RoleID(fmt.Sprint("~", i)), Version: v, Name: fmt.Sprint(i)}
			if i == 0 {
				r.Permissions = []string{canPay.String()}
			} else {
				r.Parents = []RoleID{RoleID(fmt.Sprint("~", i-1))}
			}
			require.NoError(t, w.store.PutRole(ctx, r))
		}
	})
	u := User("ann")
	require.NoError(t, w.Add(w.ctx, w.system(), u, "~999"))
	require.Equal(t, []string{"bill.pay"}, w.may(u))
	require.Len(t, w.as(u).Explain(canPay).By[0], 1000)
}

// Whatever graph of roles a database has, a role grants what a walk over its parents finds, and nothing if it is in a cycle.
func TestFlattenedRolesAreWhatAWalkFinds(t *testing.T) {
	t.Parallel()
	require.NoError(t, office.freeze())
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "roles")
		rows := map[RoleID]*RoleRow{}
		names := []string{"page.read", "page.write", "bill.pay", "unknown"}
		for i := range n {
			id := RoleID(fmt.Sprint("~", i))
			r := &RoleRow{ID: id, Removed: rapid.IntRange(0, 5).Draw(t, "removed") == 0, Permissions: rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 2, rapid.ID[string]).Draw(t, "permissions")}
			for range rapid.IntRange(0, 2).Draw(t, "parents") {
				r.Parents = append(r.Parents, RoleID(fmt.Sprint("~", rapid.IntRange(0, n).Draw(t, "parent"))))
			}
			rows[id] = r
		}
		reaches := func(from, to RoleID) bool {
			seen := map[RoleID]bool{}
			var walk func(RoleID) bool
			walk = func(id RoleID) bool {
				for _, p := range rows[id].Parents {
					if p == to || rows[p] != nil && !seen[p] && func() bool { seen[p] = true; return walk(p) }() {
						return true
					}
				}
				return false
			}
			return walk(from)
		}
		var collect func(id RoleID, into map[string]bool)
		collect = func(id RoleID, into map[string]bool) {
			r := rows[id]
			if r == nil || r.Removed || reaches(id, id) {
				return
			}
			for _, x := range r.Permissions {
				if x != "unknown" {
					into[x] = true
				}
			}
			for _, p := range r.Parents {
				collect(p, into)
			}
		}
		for id, r := range flatten(office, rows) {
			want := map[string]bool{}
			collect(id, want)
			require.Len(t, r.set.names(), len(want))
			for _, x := range r.set.names() {
				require.True(t, want[x])
			}
			require.Equal(t, reaches(id, id), r.cyclic)
		}
	})
}

package rbactest

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

var ruleTests = []storeTest{
	{"a tenant begins at version 0, with no rules", ruleNone},
	{"rules come back as they were put", ruleKept},
	{"lists that are empty come back as nil, but for networks", ruleEmpty},
	{"a rule that is put again replaces that of its ID", ruleReplaced},
	{"the row of one member is found, also one that was removed", ruleMember},
	{"people and machines of one name are two members", ruleKinds},
	{"each change is one version more, and so is each in one transaction", ruleAdvance},
	{"changes are the rules above a version, and all of them above 0", ruleChanges},
	{"changes are one moment's view", ruleMoment},
	{"what changed twice is told as it is last", ruleLast},
	{"many members come back", ruleMany},
	{"changes made by many are in the order of their versions, and none is missed", ruleRace},
	{"the time that is told is the store's and goes on", ruleTime},
}

func sorted(c rbac.Changes) rbac.Changes {
	slices.SortFunc(c.Roles, func(a, b rbac.RoleRow) int { return strings.Compare(string(a.ID), string(b.ID)) })
	slices.SortFunc(c.Members, func(a, b rbac.MemberRow) int {
		return strings.Compare(string(a.Kind)+" "+a.Subject.ID, string(b.Kind)+" "+b.Subject.ID)
	})
	slices.SortFunc(c.Tokens, func(a, b rbac.TokenRow) int { return strings.Compare(a.ID, b.ID) })
	return c
}

// is checks that c has these rules and no others, at a version.
func is(t require.TestingT, c rbac.Changes, version int64, roles []rbac.RoleRow, members []rbac.MemberRow, tokens []rbac.TokenRow) {
	require.Equal(t, version, c.Version)
	require.False(t, c.Now.IsZero())
	require.Len(t, c.Roles, len(roles))
	require.Len(t, c.Members, len(members))
	require.Len(t, c.Tokens, len(tokens))
	want := sorted(rbac.Changes{Roles: slices.Clone(roles), Members: slices.Clone(members), Tokens: slices.Clone(tokens)})
	for i := range roles {
		require.Equal(t, want.Roles[i], c.Roles[i])
	}
	for i := range members {
		require.Equal(t, want.Members[i], c.Members[i])
	}
	for i := range tokens {
		require.Equal(t, want.Tokens[i], c.Tokens[i])
	}
}

func ruleNone(t *testing.T, h *house) {
	v, now, err := h.Version(h.ctx)
	require.NoError(t, err)
	require.Zero(t, v)
	require.False(t, now.IsZero())
	is(t, h.since(t, 0), 0, nil, nil, nil)
	is(t, h.since(t, 7), 0, nil, nil, nil)
}

func ruleKept(t *testing.T, h *house) {
	role, shop := newRole(1, "r1"), newToken(1, "t1")
	machine := newRole(1, "r2")
	machine.Machine, machine.Removed, machine.CreatedBy = true, true, ""
	ann, robot := newMember(1, rbac.User("ann")), newMember(1, rbac.Service("shop"))
	gone := newMember(1, rbac.User("o'brien\x01\u202e %_"))
	gone.Status = rbac.Suspended
	old := newToken(1, "t0")
	old.Revoked, old.Reason, old.ReplacedBy = moment.Add(time.Minute), "found in a log", "t1"
	longest := newToken(1, "t2")
	longest.Expires = longest.Created.Add(366 * 24 * time.Hour)
	h.change(t, func(ctx context.Context, v int64, _ time.Time) {
		require.Equal(t, int64(1), v)
		for _, r := range []rbac.RoleRow{role, machine} {
			require.NoError(t, h.PutRole(ctx, r))
		}
		for _, m := range []rbac.MemberRow{ann, robot, gone} {
			require.NoError(t, h.PutMember(ctx, m))
		}
		for _, x := range []rbac.TokenRow{shop, old, longest} {
			require.NoError(t, h.PutToken(ctx, x))
		}
	})
	is(t, h.since(t, 0), 1, []rbac.RoleRow{role, machine}, []rbac.MemberRow{ann, robot, gone}, []rbac.TokenRow{old, shop, longest})
	// Times are kept to the microsecond, UTC.
	odd := newMember(2, rbac.User("odd"))
	odd.Created = moment.Add(999).In(time.FixedZone("x", 3600))
	h.change(t, func(ctx context.Context, v int64, _ time.Time) { require.NoError(t, h.PutMember(ctx, odd)) })
	odd.Created = moment
	is(t, h.since(t, 1), 2, nil, []rbac.MemberRow{odd}, nil)
}

func ruleEmpty(t *testing.T, h *house) {
	role, ann, anywhere, nowhere := newRole(1, "r1"), newMember(1, rbac.User("ann")), newToken(1, "t1"), newToken(1, "t2")
	role.Permissions, role.Parents, ann.Roles, anywhere.Scopes, nowhere.Scopes = []string{}, []rbac.RoleID{}, []rbac.RoleID{}, []string{}, nil
	anywhere.Networks, nowhere.Networks = nil, []netip.Prefix{}
	h.change(t, func(ctx context.Context, v int64, _ time.Time) {
		require.NoError(t, h.PutRole(ctx, role))
		require.NoError(t, h.PutMember(ctx, ann))
		require.NoError(t, h.PutToken(ctx, anywhere))
		require.NoError(t, h.PutToken(ctx, nowhere))
	})
	role.Permissions, role.Parents, ann.Roles, anywhere.Scopes = nil, nil, nil, nil
	c := h.since(t, 0)
	is(t, c, 1, []rbac.RoleRow{role}, []rbac.MemberRow{ann}, []rbac.TokenRow{anywhere, nowhere})
	require.Nil(t, c.Tokens[0].Networks, "any")
	require.NotNil(t, c.Tokens[1].Networks, "none is not any")
}

func ruleReplaced(t *testing.T, h *house) {
	token := newToken(1, "t1")
	h.change(t, func(ctx context.Context, v int64, _ time.Time) {
		require.NoError(t, h.PutRole(ctx, newRole(v, "r1")))
		require.NoError(t, h.PutMember(ctx, newMember(v, rbac.User("ann"))))
		require.NoError(t, h.PutToken(ctx, token))
	})
	role, ann := newRole(2, "r1"), newMember(2, rbac.User("ann"))
	role.Name, role.Permissions, role.Parents, role.Removed = "", nil, []rbac.RoleID{"x"}, true
	ann.Roles, ann.Status, ann.Expires, ann.Owner = nil, rbac.Removed, moment, "bob"
	token.Version, token.Scopes, token.Networks = 2, nil, nil
	token.Expires, token.Revoked, token.Reason, token.ReplacedBy = moment.Add(time.Hour), moment.Add(time.Second), "left", "t2"
	h.change(t, func(ctx context.Context, v int64, _ time.Time) {
		require.NoError(t, h.PutRole(ctx, role))
		require.NoError(t, h.PutMember(ctx, ann))
		require.NoError(t, h.PutToken(ctx, token))
	})
	is(t, h.since(t, 0), 2, []rbac.RoleRow{role}, []rbac.MemberRow{ann}, []rbac.TokenRow{token})
	ann = newMember(3, rbac.User("ann")) // who left may come back
	h.change(t, func(ctx context.Context, v int64, _ time.Time) { require.NoError(t, h.PutMember(ctx, ann)) })
	is(t, h.since(t, 2), 3, nil, []rbac.MemberRow{ann}, nil)
}

func ruleMember(t *testing.T, h *house) {
	_, err := h.Member(h.ctx, rbac.User("ann"))
	require.ErrorIs(t, err, rbac.ErrNotFound)
	ann, robot := newMember(1, rbac.User("ann")), newMember(1, rbac.Service("ann"))
	ann.Status = rbac.Removed
	h.change(t, func(ctx context.Context, v int64, _ time.Time) {
		require.NoError(t, h.PutMember(ctx, ann))
		got, err := h.Member(ctx, ann.Subject)
		require.NoError(t, err)
		require.Equal(t, ann, got, "in the transaction that put it")
		_, err = h.Member(ctx, robot.Subject)
		require.ErrorIs(t, err, rbac.ErrNotFound, "and that is an answer: the transaction goes on")
		require.NoError(t, h.PutMember(ctx, robot))
	})
	for _, m := range []rbac.MemberRow{ann, robot} {
		got, err := h.other().Member(h.ctx, m.Subject)
		require.NoError(t, err)
		require.Equal(t, m, got)
	}
	for _, who := range []rbac.Subject{rbac.User("Ann"), rbac.User("a%"), {}} {
		_, err := h.Member(h.ctx, who)
		require.ErrorIs(t, err, rbac.ErrNotFound)
	}
	_, err = h.other().Member(tenancy.With(context.Background(), h.Tenant(t)), ann.Subject)
	require.ErrorIs(t, err, rbac.ErrNotFound, "in another tenant")
}

func ruleKinds(t *testing.T, h *house) {
	person, machine := newMember(1, rbac.User("shop")), newMember(1, rbac.Service("shop"))
	machine.Roles = nil
	h.change(t, func(ctx context.Context, v int64, _ time.Time) {
		require.NoError(t, h.PutMember(ctx, person))
		require.NoError(t, h.PutMember(ctx, machine))
	})
	is(t, h.since(t, 0), 1, nil, []rbac.MemberRow{machine, person}, nil)
}

func ruleAdvance(t *testing.T, h *house) {
	for i := range int64(3) {
		require.Equal(t, i+1, h.change(t, func(context.Context, int64, time.Time) {}))
		require.Equal(t, i+1, h.versionNow(t))
	}
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		for i := range int64(3) {
			before, _, err := h.Version(ctx)
			require.NoError(t, err)
			require.Equal(t, 3+i, before)
			v, _, err := h.Advance(ctx)
			require.NoError(t, err)
			require.Equal(t, before+1, v)
			require.NoError(t, h.PutMember(ctx, newMember(v, rbac.User("ann"))), "a row may change once in each")
		}
		return nil
	}))
	is(t, h.since(t, 5), 6, nil, []rbac.MemberRow{newMember(6, rbac.User("ann"))}, nil)
}

func ruleChanges(t *testing.T, h *house) {
	var members []rbac.MemberRow
	for i := range 5 {
		m := newMember(int64(i+1), rbac.User(name(i)))
		members = append(members, m)
		h.change(t, func(ctx context.Context, v int64, _ time.Time) {
			require.NoError(t, h.PutMember(ctx, m))
			require.NoError(t, h.PutRole(ctx, newRole(v, rbac.RoleID(name(i)))))
			require.NoError(t, h.PutToken(ctx, newToken(v, name(i))))
		})
	}
	for after := range 8 {
		c := h.since(t, int64(after))
		rest := members[min(after, 5):]
		require.Equal(t, int64(5), c.Version)
		require.Len(t, c.Roles, len(rest))
		require.Len(t, c.Tokens, len(rest))
		require.Len(t, c.Members, len(rest))
		for i := range rest {
			require.Equal(t, rest[i], c.Members[i])
		}
	}
}

// A writer changes a role, a member and a token together: nobody sees one of them without the others.
func ruleMoment(t *testing.T, h *house) {
	token := newToken(1, "t1")
	put := func(ctx context.Context, v int64, _ time.Time) {
		role, ann := newRole(v, "r1"), newMember(v, rbac.User("ann"))
		role.Name, ann.Owner = name(int(v)), name(int(v))
		token.Version, token.Reason = v, name(int(v))
		require.NoError(t, h.PutRole(ctx, role))
		require.NoError(t, h.PutMember(ctx, ann))
		require.NoError(t, h.PutToken(ctx, token))
	}
	h.change(t, put)
	together(2, func(i int) {
		for range 60 {
			if i == 0 {
				h.change(t, put)
				continue
			}
			c, err := h.other().Changes(h.ctx, 0)
			require.NoError(t, err)
			require.Len(t, c.Roles, 1)
			require.Len(t, c.Members, 1)
			require.Len(t, c.Tokens, 1)
			require.Equal(t, []int64{c.Version, c.Version, c.Version}, []int64{c.Roles[0].Version, c.Members[0].Version, c.Tokens[0].Version})
			want := name(int(c.Version))
			require.Equal(t, []string{want, want, want}, []string{c.Roles[0].Name, c.Members[0].Owner, c.Tokens[0].Reason})
		}
	})
}

func ruleLast(t *testing.T, h *house) {
	for range 3 {
		h.change(t, func(ctx context.Context, v int64, _ time.Time) {
			require.NoError(t, h.PutMember(ctx, newMember(v, rbac.User("ann"))))
			require.NoError(t, h.PutMember(ctx, newMember(v, rbac.User(name(int(v))))))
		})
	}
	is(t, h.since(t, 1), 3, nil, []rbac.MemberRow{newMember(2, rbac.User("0002")), newMember(3, rbac.User("0003")), newMember(3, rbac.User("ann"))}, nil)
}

func ruleMany(t *testing.T, h *house) {
	var all []rbac.MemberRow
	h.change(t, func(ctx context.Context, v int64, _ time.Time) {
		for i := range 600 {
			m := newMember(v, rbac.User(name(i)))
			m.Roles = []rbac.RoleID{rbac.RoleID(name(rand.IntN(30)))}
			all = append(all, m)
			require.NoError(t, h.PutMember(ctx, m))
		}
	})
	is(t, h.since(t, 0), 1, nil, all, nil)
}

// Many change rules at once, some of them in vain, while one follows by versions: it ends with the same rules as who reads
// them all, whatever the order of the commits.
func ruleRace(t *testing.T, h *house) {
	const writers, each = 6, 12
	seen := map[rbac.Subject]rbac.MemberRow{}
	follow := func(after int64) int64 {
		c, err := h.other().Changes(h.ctx, after)
		require.NoError(t, err)
		for _, m := range c.Members {
			require.Greater(t, m.Version, after)
			require.LessOrEqual(t, m.Version, c.Version)
			seen[m.Subject] = m
		}
		return c.Version
	}
	var at int64
	together(writers+1, func(i int) {
		if i == writers {
			for range 40 {
				at = follow(at)
			}
			return
		}
		for n := range each {
			err := h.process(i).Tx(h.ctx, func(ctx context.Context) error {
				v, _, err := h.process(i).Advance(ctx)
				if err != nil {
					return err
				}
				if err := h.process(i).PutMember(ctx, newMember(v, rbac.User(name(rand.IntN(20))))); err != nil {
					return err
				}
				if n%4 == 3 {
					return errUndo
				}
				return nil
			})
			if n%4 == 3 {
				require.ErrorIs(t, err, errUndo)
			} else {
				require.NoError(t, err)
			}
		}
	})
	at = follow(at)
	require.Equal(t, int64(writers*each*3/4), at, "no version is lost, and none given twice")
	all := h.since(t, 0)
	require.Len(t, seen, len(all.Members))
	versions := map[int64]bool{}
	for _, m := range all.Members {
		require.Equal(t, m, seen[m.Subject])
		require.False(t, versions[m.Version])
		versions[m.Version] = true
	}
}

func ruleTime(t *testing.T, h *house) {
	var last time.Time
	goesOn := func(now time.Time, err error) {
		require.NoError(t, err)
		require.False(t, now.Before(last))
		require.Equal(t, time.UTC, now.Location())
		require.Equal(t, now, now.Truncate(time.Microsecond))
		last = now
	}
	for range 3 {
		h.change(t, func(ctx context.Context, _ int64, now time.Time) { goesOn(now, nil) })
		_, now, err := h.Version(h.ctx)
		goesOn(now, err)
		c, err := h.Changes(h.ctx, 0)
		goesOn(c.Now, err)
	}
	require.WithinDuration(t, time.Now(), last, time.Hour)
}

package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var grantTests = []test{
	{"a request comes back as it was, with the store's times", func(t *testing.T, h *house) {
		for _, care := range []bool{false, true} {
			g := newGrant()
			g.Care = care
			g.Requested, g.PendingUntil, g.Version = time.Unix(1, 0), time.Unix(2, 0), 9
			added, err := h.AddGrant(h.ctx, g)
			require.NoError(t, err)
			got, now, err := h.other().Grant(h.ctx, g.ID)
			require.NoError(t, err)
			require.Equal(t, added, got)
			require.False(t, now.Before(got.Requested))
			require.Equal(t, time.UTC, now.Location())
			require.Equal(t, got.Requested, got.Requested.Truncate(time.Microsecond))
			g.Version, g.Requested, g.PendingUntil = 1, got.Requested, got.Requested.Add(g.Wait)
			require.Equal(t, g, got)
			again, err := h.AddGrant(h.ctx, func() supportgrant.GrantRow { g := newGrant(); g.ID = got.ID; g.Ticket = "other"; return g }())
			require.ErrorIs(t, err, supportgrant.ErrExists)
			require.Equal(t, got, again)
		}
		_, _, err := h.Grant(h.ctx, uuid.New())
		require.ErrorIs(t, err, supportgrant.ErrNotFound)
	}},
	{"a request that must not be is refused", func(t *testing.T, h *house) {
		for what, change := range map[string]func(*supportgrant.GrantRow){
			"no id":            func(g *supportgrant.GrantRow) { g.ID = supportgrant.GrantID{} },
			"no staff":         func(g *supportgrant.GrantRow) { g.Staff = "" },
			"long staff":       func(g *supportgrant.GrantRow) { g.Staff = supportgrant.Person(strings.Repeat("x", 129)) },
			"no ticket":        func(g *supportgrant.GrantRow) { g.Ticket = "" },
			"long ticket":      func(g *supportgrant.GrantRow) { g.Ticket = strings.Repeat("ü", 129) },
			"short reason":     func(g *supportgrant.GrantRow) { g.Reason = "too short" },
			"long reason":      func(g *supportgrant.GrantRow) { g.Reason = strings.Repeat("x", 1001) },
			"NUL":              func(g *supportgrant.GrantRow) { g.Ticket = "a\x00b" },
			"not UTF-8":        func(g *supportgrant.GrantRow) { g.Reason = "long enough \xff" },
			"no scope":         func(g *supportgrant.GrantRow) { g.Scope = nil },
			"no life":          func(g *supportgrant.GrantRow) { g.Asked = 0 },
			"negative life":    func(g *supportgrant.GrantRow) { g.Asked = -time.Hour },
			"fraction of life": func(g *supportgrant.GrantRow) { g.Asked = 1500 * time.Millisecond },
			"8 days":           func(g *supportgrant.GrantRow) { g.Asked = supportgrant.MaxLife + time.Second },
			"no wait":          func(g *supportgrant.GrantRow) { g.Wait = 0 },
			"15 days of wait":  func(g *supportgrant.GrantRow) { g.Wait = supportgrant.MaxWait + time.Second },
			"begins with life": func(g *supportgrant.GrantRow) { g.Life = time.Hour },
			"begins ended":     func(g *supportgrant.GrantRow) { g.EndedBy = "olga" },
		} {
			g := newGrant()
			change(&g)
			_, err := h.AddGrant(h.ctx, g)
			require.ErrorIs(t, err, supportgrant.ErrRefused, what)
		}
		for _, s := range supportgrant.States()[1:] {
			g := newGrant()
			g.State = s
			_, err := h.AddGrant(h.ctx, g)
			require.ErrorIs(t, err, supportgrant.ErrRefused, s)
		}
		for _, name := range Secrets {
			g := newGrant()
			g.Scope = []string{"account", name}
			slices.Sort(g.Scope)
			_, err := h.AddGrant(h.ctx, g)
			require.ErrorIs(t, err, supportgrant.ErrRefused, name)
		}
		found, _, err := h.Grants(h.ctx, supportgrant.Find{})
		require.NoError(t, err)
		require.Empty(t, found)
		h.add(t, func(g *supportgrant.GrantRow) {
			g.Ticket, g.Reason, g.Asked, g.Wait = strings.Repeat("ü", 128), strings.Repeat("ß", 1000), supportgrant.MaxLife, supportgrant.MaxWait
			g.Staff = supportgrant.Person(strings.Repeat("x", 128))
		})
	}},
	{"a grant makes the moves it may, and no other", func(t *testing.T, h *house) {
		for _, from := range supportgrant.States() {
			for _, to := range supportgrant.States() {
				if from == supportgrant.Lapsed || from == supportgrant.Expired || from.May(to) && (to == supportgrant.Lapsed || to == supportgrant.Expired) {
					continue // that needs a clock: see the tests that move it
				}
				g := h.in(t, from)
				if to == supportgrant.Approved && from == supportgrant.Requested {
					h.prove(t, g, "olga", g.Asked)
				}
				got, err := h.Move(h.ctx, moving(g, to))
				now, _, gerr := h.other().Grant(h.ctx, g.ID)
				require.NoError(t, gerr)
				if !from.May(to) {
					require.ErrorIs(t, err, supportgrant.ErrRefused, "%s to %s", from, to)
					require.Equal(t, g, now)
					continue
				}
				require.NoError(t, err, "%s to %s", from, to)
				require.Equal(t, got, now)
				want := g
				want.State, want.Version = to, g.Version+1
				if to == supportgrant.Approved {
					want.Life, want.Approved, want.Expires = g.Asked, got.Approved, got.Approved.Add(g.Asked)
					require.False(t, got.Approved.Before(g.Requested))
				} else {
					want.Ended, want.EndedBy, want.EndReason = got.Ended, "olga", "enough – danke"
					require.False(t, got.Ended.Before(g.Requested))
				}
				require.Equal(t, want, got)
			}
		}
		_, err := h.Move(h.ctx, supportgrant.Move{ID: uuid.New(), Version: 1, From: supportgrant.Requested, To: supportgrant.Denied})
		require.ErrorIs(t, err, supportgrant.ErrNotFound)
	}},
	{"raw SQL makes no move that a grant may not, and approves nothing", func(t *testing.T, h *house) {
		if h.Force == nil {
			t.Skip("there is no raw SQL")
		}
		for _, from := range supportgrant.States() {
			if from == supportgrant.Lapsed || from == supportgrant.Expired {
				continue
			}
			for _, to := range supportgrant.States() {
				if from == to || from.May(to) && to != supportgrant.Approved && to != supportgrant.Lapsed && to != supportgrant.Expired {
					continue
				}
				g := h.in(t, from)
				require.Error(t, h.Force(h.ctx, g.ID, to), "%s to %s", from, to)
				now, _, err := h.Grant(h.ctx, g.ID)
				require.NoError(t, err)
				require.Equal(t, g, now)
			}
		}
	}},
	{"an approval needs proof, and is for no longer than anybody said", func(t *testing.T, h *house) {
		g := h.add(t, nil)
		_, err := h.Move(h.ctx, moving(g, supportgrant.Approved))
		require.ErrorIs(t, err, supportgrant.ErrRefused, "no proof")
		h.prove(t, g, "olga", 10*time.Minute)
		for _, life := range []time.Duration{0, -time.Second, 500 * time.Millisecond, 10*time.Minute + time.Second, g.Asked, g.Asked + time.Second, supportgrant.MaxLife + time.Second} {
			m := moving(g, supportgrant.Approved)
			m.Life = life
			_, err = h.Move(h.ctx, m)
			require.ErrorIs(t, err, supportgrant.ErrRefused, life)
		}
		m := moving(g, supportgrant.Approved)
		m.Life = 10 * time.Minute
		_, err = h.Move(h.ctx, m)
		require.NoError(t, err)

		g = h.add(t, func(g *supportgrant.GrantRow) { g.Care = true })
		h.prove(t, g, "olga", g.Asked)
		_, err = h.Move(h.ctx, moving(g, supportgrant.Approved))
		require.ErrorIs(t, err, supportgrant.ErrRefused, "with care and one proof")
		h.prove(t, g, "otto", time.Minute)
		_, err = h.Move(h.ctx, moving(g, supportgrant.Approved))
		require.ErrorIs(t, err, supportgrant.ErrRefused, "longer than the second proof says")
		m = moving(g, supportgrant.Approved)
		m.Life = time.Minute
		_, err = h.Move(h.ctx, m)
		require.NoError(t, err)
	}},
	{"of many who move a grant at once one does", func(t *testing.T, h *house) {
		for range soak(3, 1000) {
			g := h.add(t, nil)
			h.prove(t, g, "olga", g.Asked)
			ends := []supportgrant.State{supportgrant.Approved, supportgrant.Denied, supportgrant.Cancelled}
			var won, lost atomic.Int64
			together(32, func(i int) {
				_, err := h.process(i).Move(h.ctx, moving(g, ends[i%len(ends)]))
				if err == nil {
					won.Add(1)
				} else if isAny(err, supportgrant.ErrConflict) {
					lost.Add(1)
				}
			})
			require.EqualValues(t, 1, won.Load())
			require.EqualValues(t, 31, lost.Load(), "and the others are told so")
		}
	}},
	{"a grant that is read in a transaction is nobody else's to change", func(t *testing.T, h *house) {
		g := h.add(t, nil)
		var moved atomic.Int64
		together(8, func(i int) {
			s := h.process(i)
			err := s.Tx(h.ctx, func(ctx context.Context) error {
				g, _, err := s.Grant(ctx, g.ID)
				if err != nil || g.State != supportgrant.Requested {
					return err
				}
				time.Sleep(time.Millisecond)
				_, err = s.Move(ctx, moving(g, supportgrant.Denied))
				if err == nil {
					moved.Add(1)
				}
				return err
			})
			require.NoError(t, err)
		})
		require.EqualValues(t, 1, moved.Load())
	}},
	{"grants are found by what is set, the last first", func(t *testing.T, h *house) {
		var ids []supportgrant.GrantID
		for i := range 12 {
			g := h.add(t, func(g *supportgrant.GrantRow) {
				g.Staff, g.Ticket = supportgrant.Person(fmt.Sprint("staff", i%2)), fmt.Sprint("T", i%3)
			})
			if i%4 == 0 {
				h.move(t, g, supportgrant.Denied)
			}
			ids = append(ids, g.ID)
		}
		found := func(f supportgrant.Find) []supportgrant.GrantRow {
			out, now, err := h.other().Grants(h.ctx, f)
			require.NoError(t, err)
			require.False(t, now.IsZero())
			require.True(t, slices.IsSortedFunc(out, func(a, b supportgrant.GrantRow) int {
				if c := b.Requested.Compare(a.Requested); c != 0 {
					return c
				}
				return strings.Compare(b.ID.String(), a.ID.String())
			}))
			return out
		}
		require.Len(t, found(supportgrant.Find{}), 12)
		require.Len(t, found(supportgrant.Find{Staff: "staff0"}), 6)
		require.Len(t, found(supportgrant.Find{Ticket: "T1"}), 4)
		require.Len(t, found(supportgrant.Find{Ticket: "T1", Staff: "staff1"}), 2)
		require.Len(t, found(supportgrant.Find{States: []supportgrant.State{supportgrant.Denied}}), 3)
		require.Len(t, found(supportgrant.Find{States: []supportgrant.State{supportgrant.Denied, supportgrant.Requested}}), 12)
		require.Empty(t, found(supportgrant.Find{Ticket: "T"}))
		var paged []supportgrant.GrantID
		var before supportgrant.Place
		for {
			page := found(supportgrant.Find{Limit: 5, Before: before})
			for _, g := range page {
				paged = append(paged, g.ID)
				before = supportgrant.Place{At: g.Requested, ID: g.ID}
			}
			if len(page) < 5 {
				break
			}
		}
		require.Len(t, paged, 12)
		require.ElementsMatch(t, ids, paged)
		g := h.other()
		full, _, err := g.Grant(h.ctx, ids[1])
		require.NoError(t, err)
		require.Contains(t, found(supportgrant.Find{}), full)
	}},
}

// Secrets are names of what no grant can give, as an application might name it.
var Secrets = []string{"access_token", "refresh_tokens", "oauth_secret", "client_secrets", "passwords", "password_hash", "passwd", "mfa", "mfa_seed", "totp_secrets", "otp", "recovery_codes",
	"payment_methods", "credit_cards", "iban", "credentials", "api_keys", "private_keys", "webauthn", "passkeys", "session_cookies", "pin", "bearer", "cvv"}

// in adds a grant that is in a state.
func (h *house) in(t require.TestingT, s supportgrant.State) supportgrant.GrantRow {
	switch s {
	case supportgrant.Requested:
		return h.add(t, nil)
	case supportgrant.Approved:
		return h.approved(t, nil)
	case supportgrant.Withdrawn:
		return h.move(t, h.approved(t, nil), s)
	}
	return h.move(t, h.add(t, nil), s)
}

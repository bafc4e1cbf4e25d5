package supportgrantsql_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp/totptest"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var tables = door.Door{Name: "supportgrant", SQLite: supportgrantsql.SQLite()}

func world(t testing.TB) *door.World { return tables.OnSQLite(t) }

func TestSmoke(t *testing.T) {
	w := world(t)
	ctx, s := w.Tenant(t), storeIn(t, w)
	g := live(t, ctx, s, asked(time.Hour, "account", "posts"))
	got, _, err := s.Grant(ctx, g.ID)
	require.NoError(t, err)
	require.Equal(t, g, got)
	_, err = s.AddGrant(ctx, g)
	require.ErrorIs(t, err, supportgrant.ErrExists)
	all, _, err := s.Grants(ctx, supportgrant.Find{Staff: "sam", Ticket: "T-1", States: []supportgrant.State{supportgrant.Approved}, Limit: 3})
	require.NoError(t, err)
	require.Equal(t, []supportgrant.GrantRow{g}, all)
	p, err := s.Proofs(ctx, g.ID)
	require.NoError(t, err)
	require.Len(t, p, 1)
	e := supportgrant.Entry{ID: uuid.Must(uuid.NewV7()), Kind: supportgrant.KindRead, Grant: g.ID, By: "sam", Columns: []string{"a"}, Limit: 5}
	require.NoError(t, s.Append(ctx, e))
	require.NoError(t, s.Append(ctx, e))
	l, err := s.Log(ctx, supportgrant.Look{Staff: "sam", Kinds: []supportgrant.Kind{supportgrant.KindRead}}, supportgrant.Place{}, 10)
	require.NoError(t, err)
	require.Len(t, l, 1)
	e.At, e.Ticket = l[0].At, "T-1"
	require.Equal(t, e, l[0])
	n, err := s.Reserve(ctx, g.ID, 30, 40)
	require.NoError(t, err)
	require.EqualValues(t, 30, n)
	n, err = s.Reserve(ctx, g.ID, 30, 40)
	require.NoError(t, err)
	require.EqualValues(t, 10, n)
	n, err = s.Reserve(ctx, g.ID, 30, 40)
	require.NoError(t, err)
	require.Zero(t, n)
	require.NoError(t, s.Post(ctx, supportgrant.NoteRow{Key: "k", Kind: "requested", Grant: g.ID, Delay: 0}))
	require.NoError(t, s.Post(ctx, supportgrant.NoteRow{Key: "k", Kind: "requested", Grant: g.ID, Delay: 0}))
	ns, err := s.Claim(ctx, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, ns, 1)
	require.NoError(t, s.Sent(ctx, "k"))
	_, err = s.Move(ctx, supportgrant.Move{ID: g.ID, Version: g.Version, From: supportgrant.Approved, To: supportgrant.Expired})
	require.ErrorIs(t, err, supportgrant.ErrRefused)
	_, err = s.AddGrant(ctx, asked(time.Hour, "api_token_x"))
	require.ErrorIs(t, err, supportgrant.ErrRefused)
	got, err = s.Move(ctx, supportgrant.Move{ID: g.ID, Version: g.Version, From: supportgrant.Approved, To: supportgrant.Withdrawn, By: "ann"})
	require.NoError(t, err)
	require.EqualValues(t, "ann", got.EndedBy)
	require.NoError(t, s.Tx(ctx, func(ctx context.Context) error {
		_, _, err := s.Grant(ctx, uuid.New())
		if !errors.Is(err, supportgrant.ErrNotFound) {
			return errors.New("x")
		}
		return nil
	}))
}

func TestTOTPStoreKeepsTheContract(t *testing.T) {
	w := world(t)
	totptest.Store(t, func(t *testing.T) (totp.Store, context.Context) {
		s, err := supportgrantsql.NewTOTP(w.DB)
		require.NoError(t, err)
		return s, tenancy.With(t.Context(), w.NewTenant(t))
	})
}

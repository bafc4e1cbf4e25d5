package supportgrantsql_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { door.Main(m) }

func storeIn(t testing.TB, w *door.World) *supportgrantsql.Store {
	t.Helper()
	s, err := supportgrantsql.New(w.DB)
	require.NoError(t, err)
	return s
}

func nonce() (n [32]byte) { _, _ = rand.Read(n[:]); return n }

// asked is a request as the service makes it.
func asked(life time.Duration, scope ...string) supportgrant.GrantRow {
	if len(scope) == 0 {
		scope = []string{"posts"}
	}
	return supportgrant.GrantRow{ID: uuid.Must(uuid.NewV7()), State: supportgrant.Requested, Staff: "sam", Ticket: "T-1", Reason: "posts do not show",
		Scope: scope, Asked: life, Wait: time.Hour}
}

// proved adds a burned challenge and its proof.
func proved(t testing.TB, ctx context.Context, s supportgrant.Store, g supportgrant.GrantRow, by supportgrant.Person, life time.Duration) {
	t.Helper()
	c := supportgrant.ChallengeRow{Digest: nonce(), Grant: g.ID, Approver: by, Life: life, Nonce: nonce(), Method: "totp", For: time.Minute}
	require.NoError(t, s.AddChallenge(ctx, c, 20))
	c, err := s.Burn(ctx, c.Digest)
	require.NoError(t, err)
	require.NoError(t, s.AddProof(ctx, supportgrant.ProofRow{Grant: g.ID, Digest: c.Digest, Approver: by, Life: life, Nonce: c.Nonce, Method: "totp"}))
}

// live adds a grant and approves it.
func live(t testing.TB, ctx context.Context, s supportgrant.Store, g supportgrant.GrantRow) supportgrant.GrantRow {
	t.Helper()
	g, err := s.AddGrant(ctx, g)
	require.NoError(t, err)
	proved(t, ctx, s, g, "ann", g.Asked)
	if g.Care {
		proved(t, ctx, s, g, "bob", g.Asked)
	}
	g, err = s.Move(ctx, supportgrant.Move{ID: g.ID, Version: g.Version, From: supportgrant.Requested, To: supportgrant.Approved, Life: g.Asked})
	require.NoError(t, err)
	return g
}

package supportgrantsql_test

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// attacked are the rows that raw SQL tries to change.
type attacked struct {
	careful, bare supportgrant.GrantRow     // requests: one with care and one of two proofs, one without a proof
	unused, self  supportgrant.ChallengeRow // of bare: one that is open, one that was answered by who asked
	entry         supportgrant.Entry        // of live
}

// attackable makes them, a budget of live, the note "k", and the codes of authenticator "a".
func attackable(t testing.TB, ctx context.Context, s supportgrant.Store, db *tenantdb.DB, live supportgrant.GrantRow) (a attacked) {
	t.Helper()
	careful := asked(time.Hour)
	careful.Care = true
	var err error
	a.careful, err = s.AddGrant(ctx, careful)
	require.NoError(t, err)
	proved(t, ctx, s, a.careful, "ann", time.Hour)
	a.bare, err = s.AddGrant(ctx, asked(time.Hour))
	require.NoError(t, err)
	a.unused = supportgrant.ChallengeRow{Digest: nonce(), Grant: a.bare.ID, Approver: "ann", Life: time.Hour, Nonce: nonce(), Method: "totp", For: time.Minute}
	require.NoError(t, s.AddChallenge(ctx, a.unused, 20))
	a.self = a.unused
	a.self.Digest, a.self.Approver = nonce(), "sam"
	require.NoError(t, s.AddChallenge(ctx, a.self, 20))
	_, err = s.Burn(ctx, a.self.Digest)
	require.NoError(t, err)
	a.entry = supportgrant.Entry{ID: uuid.Must(uuid.NewV7()), Kind: supportgrant.KindRead, Grant: live.ID, By: "sam"}
	require.NoError(t, s.Append(ctx, a.entry))
	_, err = s.Reserve(ctx, live.ID, 5, 10)
	require.NoError(t, err)
	require.NoError(t, s.Post(ctx, supportgrant.NoteRow{Key: "k", Kind: supportgrant.NoticeEnded, Grant: live.ID}))
	codes, err := supportgrantsql.NewTOTP(db)
	require.NoError(t, err)
	_, err = codes.Attempt(ctx, "a")
	require.NoError(t, err)
	require.NoError(t, codes.Succeed(ctx, "a", 7))
	return a
}

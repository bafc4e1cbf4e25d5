package postgres_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

type copier interface {
	CopyOut(ctx context.Context, w io.Writer, query string) (int64, error)
}

func TestRowsAreCopiedOutOfTheTransactionsTenantOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	ofAlpha, ofBeta := tenancy.With(t.Context(), alpha), tenancy.With(t.Context(), beta)
	seam := db.TenantDB()
	read := func(ctx context.Context, query string) (n int64, text string) {
		var b bytes.Buffer
		require.NoError(t, seam.Read(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
			var err error
			n, err = seam.Native(ctx).(copier).CopyOut(ctx, &b, query)
			return err
		}))
		return n, b.String()
	}
	n, text := read(ofAlpha, "SELECT body FROM note")
	require.Equal(t, int64(10), n)
	require.Contains(t, text, "alpha 10")
	require.NotContains(t, text, "beta")
	_, text = read(ofBeta, "SELECT body FROM note")
	require.NotContains(t, text, "alpha")
	err := seam.Read(ofAlpha, func(ctx context.Context, _ *sqlx.Tx) error {
		_, err := seam.Native(ctx).(copier).CopyOut(ofBeta, io.Discard, "SELECT 1")
		return err
	})
	require.ErrorIs(t, err, tenantdb.ErrMismatch)
	err = seam.Read(ofAlpha, func(ctx context.Context, _ *sqlx.Tx) error {
		_, err := seam.Native(ctx).(copier).CopyOut(ctx, io.Discard, "SELECT nothing FROM nowhere")
		return err
	})
	require.Error(t, err)
}

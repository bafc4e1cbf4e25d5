package retention_test

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/receipt"
	"github.com/bailiwick-dev/bailiwick/dsar/retention"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

// A workspace ends with a certificate that anybody can open, and with none while something is left.
func TestAWorkspaceEndsInASignedCertificate(t *testing.T) {
	t.Parallel()
	private, public, err := note.GenerateKey(rand.Reader, "certificates.example.test")
	require.NoError(t, err)
	signer, err := note.NewSigner(private)
	require.NoError(t, err)
	verifier, err := note.NewVerifier(public)
	require.NoError(t, err)
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "data"), sqlite.Options{Region: "eu", Migrations: []sqlite.Migration{{ID: "app/1", SQL: "CREATE TABLE ticket (id integer PRIMARY KEY)"}}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	ctx, id := t.Context(), tenancy.NewID()
	life := &tenancy.Lifecycle{Store: tenancy.NewMemory(), Shards: []tenancy.Shard{{Name: "one", Region: "eu", Host: db}}}
	_, err = life.Provision(ctx, id, "eu")
	require.NoError(t, err)
	var order []string
	fails := errors.New("down")
	var shredding error = fails
	w := &retention.Workspace{Life: life, Signer: signer, Residual: []string{"backups, for 35 days"}, Map: "sha256:00",
		Shred: func(context.Context, tenancy.ID) error { order = append(order, "shred"); return shredding },
		Processors: func(context.Context, tenancy.ID) ([]receipt.Processor, error) {
			order = append(order, "tell")
			return []receipt.Processor{{Name: "mail", State: dsar.Unconfirmed}}, nil
		}}
	_, err = w.End(ctx, id)
	require.ErrorIs(t, err, tenancy.ErrState, "a workspace that is in use is suspended first")
	_, err = life.Suspend(ctx, id)
	require.NoError(t, err)
	_, err = w.End(ctx, id)
	require.ErrorIs(t, err, fails, "keys that are not shredded stop it")
	shredding = nil
	signed, err := w.End(ctx, id)
	require.NoError(t, err)
	require.Equal(t, []string{"tell", "shred", "tell", "shred"}, order)
	c, err := receipt.OpenCertificate(signed, verifier)
	require.NoError(t, err)
	require.Equal(t, id, c.Tenant)
	require.True(t, c.Keys)
	require.Equal(t, []receipt.Processor{{Name: "mail", State: dsar.Unconfirmed}}, c.Processors)
	require.Contains(t, c.Residual, "backups, for 35 days")
	require.NotEmpty(t, c.Looked)
	again, err := w.End(ctx, id)
	require.NoError(t, err)
	require.Equal(t, signed, again, "repeated, it is the same certificate")
	signed[len(signed)/2] ^= 1
	_, err = receipt.OpenCertificate(signed, verifier)
	require.Error(t, err)
	_, err = (&retention.Workspace{Life: life}).End(ctx, id)
	require.Error(t, err)
}

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestTheSameProgramRunsOnPostgres(t *testing.T) {
	ctx, pg := t.Context(), dbtest.Postgres(t) // an empty database, and three roles that log in
	secret := make([]byte, 32)                 // from your secret store; the same in every process
	_, err := rand.Read(secret)
	require.NoError(t, err)
	key, err := tenancy.NewKey("k1", secret)
	require.NoError(t, err)
	keys := tenancy.Keys{Current: key}

	// Once a release, as the owner: schema tenancy, the tables, and the policies for them.
	owner, err := pgx.Connect(ctx, pg.Owner.DSN)
	require.NoError(t, err)
	defer owner.Close(context.Background())
	require.NoError(t, postgres.Setup(ctx, owner, postgres.SetupOptions{AppRole: pg.App.Role, SystemRole: pg.System.Role, Keys: keys}))
	policies, err := rls.SQL(rls.Config{AppRole: pg.App.Role, SystemRole: pg.System.Role, Tables: []rls.Table{{Name: "note"}}})
	require.NoError(t, err)
	_, err = owner.Exec(ctx, `CREATE TABLE note (tenant_id text NOT NULL, id bigint NOT NULL, body text NOT NULL, PRIMARY KEY (tenant_id, id));`+policies)
	require.NoError(t, err)

	// At the start of the application: one pool as the app role, one as the system role.
	audit := func(context.Context, tenancy.Act) error { return nil } // write down who and why
	system, err := postgres.OpenSystem(ctx, pg.System.DSN, postgres.SystemOptions{Audit: audit})
	require.NoError(t, err)
	defer system.Close()
	db, err := postgres.Open(ctx, pg.App.DSN, keys)
	require.NoError(t, err)
	defer db.Close()

	var out bytes.Buffer
	require.NoError(t, run(ctx, &out, db.TenantDB(), system))
	require.Equal(t, `alder sees: [a secret of alder]
and as birch: tenantdb: context and transaction belong to different tenants
`, out.String())
}

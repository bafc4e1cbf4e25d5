package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
)

func TestTheSameProgramRunsOnPostgres(t *testing.T) {
	t.Parallel()
	ctx, pg := t.Context(), dbtest.Postgres(t) // an empty database, and three roles that log in
	secret := make([]byte, 32)                 // from your secret store; the same in every process
	_, err := rand.Read(secret)
	require.NoError(t, err)
	key, err := tenancy.NewKey("k1", secret)
	require.NoError(t, err)
	keys := tenancy.Keys{Current: key}

	// Once a release, as the owner: schema tenancy, the tables and the policies for them, and the log's tables.
	owner, err := pgx.Connect(ctx, pg.Owner.DSN)
	require.NoError(t, err)
	defer owner.Close(context.Background())
	require.NoError(t, postgres.Setup(ctx, owner, postgres.SetupOptions{AppRole: pg.App.Role, SystemRole: pg.System.Role, Keys: keys}))
	policies, err := rls.SQL(rls.Config{AppRole: pg.App.Role, SystemRole: pg.System.Role, Tables: []rls.Table{{Name: "note"}}})
	require.NoError(t, err)
	_, err = owner.Exec(ctx, `CREATE TABLE note (tenant_id text NOT NULL, id bigint NOT NULL, body text NOT NULL, PRIMARY KEY (tenant_id, id));`+policies)
	require.NoError(t, err)
	pool := stdlib.OpenDB(*owner.Config())
	defer pool.Close()
	require.NoError(t, auditsql.Migrate(ctx, pool, pg.App.Role, pg.System.Role))

	// At the start of the application: one pool as the app role, one as the system role, which has the log of the heads.
	acts := &audit.Acts{Operator: operator}
	system, err := postgres.OpenSystem(ctx, pg.System.DSN, postgres.SystemOptions{Audit: acts.Tell})
	require.NoError(t, err)
	defer system.Close()
	db, err := postgres.Open(ctx, pg.App.DSN, keys, postgres.WithSystem(system))
	require.NoError(t, err)
	defer db.Close()

	var out bytes.Buffer
	dir := t.TempDir()
	require.NoError(t, run(ctx, &out, dir, acts, db.TenantDB(), system))
	require.Contains(t, out.String(), `0  note.written by "", erased: [actor.id actor.name actor.email]`)
	requireVerifies(t, dir)
}

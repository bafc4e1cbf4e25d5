package main

import (
	"context"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// unguarded is what most applications run on: all tenants in the same tables, kept apart by the WHERE
// of each statement alone. It stands where an adapter would.
type unguarded struct{ db *sqlx.DB }

func (u unguarded) Dialect() tenantdb.Dialect { return tenantdb.SQLite }

func (u unguarded) Begin(ctx context.Context, _ tenantdb.Scope, _ tenantdb.TxOptions) (tenantdb.Begun, error) {
	tx, err := u.db.BeginTxx(ctx, nil)
	return tenantdb.Begun{Tx: tx}, err
}

func (u unguarded) BeginSystem(ctx context.Context, _ string, o tenantdb.TxOptions) (tenantdb.Begun, error) {
	return u.Begin(ctx, tenantdb.Scope{}, o)
}

func (u unguarded) Translate(err error) error   { return err }
func (u unguarded) CommitError(err error) error { return err }
func (u unguarded) Close() error                { return u.db.Close() }

func (u unguarded) Provision(context.Context, tenancy.Tenant) error { return nil }
func (u unguarded) SetState(context.Context, tenancy.Tenant) error  { return nil }

func (u unguarded) Purge(_ context.Context, t tenancy.Tenant) (tenancy.Receipt, error) {
	return tenancy.Receipt{Tenant: t.ID, Proof: []string{"trust me"}}, nil
}

// openUnguarded is openSQLite without the library.
func openUnguarded(t *testing.T, c config) *desk {
	dir := t.TempDir()
	db, err := sqlx.Open("sqlite", "file:"+filepath.Join(dir, "desk.db")+"?_pragma=foreign_keys(1)&_pragma=synchronous(off)")
	require.NoError(t, err)
	db.SetMaxOpenConns(1) // one writes, all others wait
	_, err = db.Exec(schemaSQLite)
	require.NoError(t, err)
	u := unguarded{db}
	d := newDesk(c, tenantdb.New(u), u, u)
	d.witness = fileWitness{dir, c.seed}
	d.portal = naivePortal
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return d
}

// naivePortal takes whatever a request says it is.
func naivePortal(d *desk) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.ToLower(r.Host), ".")
		if h := r.Header.Get("X-Tenant"); h != "" {
			name = h
		}
		id, err := tenancy.ParseID(name)
		address, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ",")
		if from, _ := netip.ParseAddr(address); err != nil || id == birch && !office.Contains(from) {
			http.Error(w, "Forbidden", http.StatusForbidden)
			return
		}
		d.inbox(w, r.WithContext(tenancy.With(r.Context(), id)))
	}), nil
}

package tenancytest

import (
	"context"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// byAPoorPool are attacks that need an application that logs in as a superuser and does not scrub its
// connections.
var byAPoorPool = []string{"residue.setting", "residue.path", "residue.temp", "residue.cursor", "residue.lock",
	"residue.listen", "residue.sequence", "role.session", "role.replica"}

// poor is a backend that sets no scope and leaves connections as they are.
type poor struct{ db *sqlx.DB }

func (p poor) Dialect() tenantdb.Dialect   { return tenantdb.Postgres }
func (p poor) Translate(err error) error   { return err }
func (p poor) CommitError(err error) error { return err }
func (p poor) Close() error                { return p.db.Close() }

func (p poor) Begin(ctx context.Context, _ tenantdb.Scope, _ tenantdb.TxOptions) (tenantdb.Begun, error) {
	tx, err := p.db.BeginTxx(ctx, nil)
	return tenantdb.Begun{Tx: tx}, err
}

func (p poor) BeginSystem(context.Context, string, tenantdb.TxOptions) (tenantdb.Begun, error) {
	return tenantdb.Begun{}, tenantdb.ErrNoSystem
}

func TestAPoolWithoutScrubIsFound(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "desk")
	db, err := sqlx.Open("pgx", p.pg.Admin.DSN)
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	p.DB = tenantdb.New(poor{db})
	t.Cleanup(func() { require.NoError(t, p.DB.Close()) })
	rec := &recorder{ctx: t.Context()}
	r := Attack(rec, p.Target)
	got := map[string]bool{}
	for _, f := range r.Findings {
		got[f.Rule] = true
	}
	for _, id := range byAPoorPool {
		require.True(t, got[id], id)
	}
}

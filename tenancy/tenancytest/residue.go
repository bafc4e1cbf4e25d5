package tenancytest

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

const residueRemedy = "Scrub each connection when a transaction ends, as tenantdb/postgres does; let nobody else use its pool; put a pooler into transaction mode."

var (
	residueSetting  = rule("residue.setting", "a setting of one tenant's transaction is there in another's", residueRemedy)
	residuePath     = rule("residue.path", "a search_path set in one tenant's transaction holds in another's", residueRemedy)
	residueTemp     = rule("residue.temp", "a temporary table of one tenant is there for another, in place of the real one", "REVOKE TEMPORARY ON DATABASE, and scrub connections.")
	residueCursor   = rule("residue.cursor", "a cursor that one tenant left open can be read by another", residueRemedy)
	residueLock     = rule("residue.lock", "a session lock of one tenant is held on in another's transaction", residueRemedy)
	residueListen   = rule("residue.listen", "a LISTEN of one tenant goes on in another's transaction", residueRemedy)
	residueSequence = rule("residue.sequence", "lastval() tells one tenant the number that another drew", residueRemedy)
)

// residue is something that tenant A leaves on its connection and tenant B looks for.
type residue struct {
	rule finding.Rule
	// leave is committed by A; look, run by B on the same connection, returns a number above 0 if it is there.
	leave, look string
}

func (k *kit) residues() []residue {
	out := []residue{
		{residueSetting, `SELECT pg_catalog.set_config('tenancytest.residue', 'here', false)`,
			`SELECT coalesce((pg_catalog.current_setting('tenancytest.residue', true) = 'here')::int, 0)`},
		{residuePath, `SELECT pg_catalog.set_config('search_path', 'tenancytest_here', false)`,
			`SELECT (pg_catalog.current_setting('search_path') = 'tenancytest_here')::int`},
		{residueTemp, `CREATE TEMPORARY TABLE tenancytest_temp (a int)`,
			`SELECT count(*) FROM pg_catalog.pg_class WHERE relname = 'tenancytest_temp' AND relnamespace = pg_catalog.pg_my_temp_schema()`},
		{residueCursor, `DECLARE tenancytest_held CURSOR WITH HOLD FOR SELECT 1`,
			`SELECT count(*) FROM pg_catalog.pg_cursors WHERE name = 'tenancytest_held'`},
		{residueLock, `SELECT pg_catalog.pg_advisory_lock(7411, 1968)`,
			`SELECT count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid() AND classid = 7411 AND objid = 1968`},
		{residueListen, `LISTEN tenancytest_channel`,
			`SELECT count(*) FROM pg_catalog.pg_listening_channels() c WHERE c = 'tenancytest_channel'`},
	}
	if s := k.sequence(); s != "" {
		out = append(out, residue{residueSequence, `SELECT pg_catalog.nextval(` + lit(s) + `)`, `SELECT pg_catalog.lastval()`})
	}
	return out
}

func (k *kit) sequence() string {
	for _, t := range k.cat.tables {
		for _, c := range t.Columns {
			if c.Sequence != "" {
				return c.Sequence
			}
		}
	}
	return ""
}

// attackResidue lets A leave things on its connection, one at a time, and B look for them.
func (k *kit) attackResidue(ctx context.Context) error {
	for _, r := range k.residues() {
		seen, err := k.left(ctx, r)
		if err := k.tell(r.rule, Session, seen, err); err != nil {
			return err
		}
	}
	return nil
}

// tries is how often B asks for a connection before the one that A had counts as gone.
const tries = 8

func (k *kit) left(ctx context.Context, r residue) (string, error) {
	var pid int
	err := k.DB.Tx(tenancy.Switch(ctx, k.A), func(ctx context.Context, tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &pid, "SELECT pg_catalog.pg_backend_pid()"); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, r.leave)
		return err
	})
	if err != nil {
		return "", err
	}
	for range tries {
		var again int
		var n int64
		err := k.undone(ctx, k.B, func(ctx context.Context, tx *sqlx.Tx) error {
			if err := tx.GetContext(ctx, &again, "SELECT pg_catalog.pg_backend_pid()"); err != nil || again != pid {
				return err
			}
			err := savepoint(ctx, tx, false, func() error { return tx.GetContext(ctx, &n, r.look) })
			if state(err) == "55000" { // lastval() of nothing
				return nil
			}
			return err
		})
		switch {
		case err != nil:
			return "", err
		case n > 0 && r.rule.ID == residueSequence.ID:
			return "lastval() had an answer", nil
		case n > 0:
			return "it was there on the same connection", nil
		case again == pid:
			return "", nil
		}
	}
	return "", skipped{"tenant B was never given the connection that tenant A had"}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

const forgery = `set_config('tenancy.scope', replace(current_setting('tenancy.scope'), 'alder', 'birch'), true)`

// forgeScope takes alder's own scope, which an injected statement can read, and writes birch into it.
func forgeScope(ctx context.Context, d *desk) (outcome, error) {
	// In one statement, the database may have looked at the scope before it is forged: then it holds.
	bodies, err := d.texts(ctx, alder, `WITH forged AS MATERIALIZED (SELECT `+forgery+`) SELECT body FROM forged, message`)
	if err == nil && foreign(d.org(alder), bodies) > 0 {
		return outcome{}, fmt.Errorf("%d rows of birch came back", foreign(d.org(alder), bodies))
	}
	err = d.db.Read(tenancy.With(ctx, alder), func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `SELECT `+forgery); err != nil {
			return fmt.Errorf("not forged: %w", errors.Join(err))
		}
		return readEverything(ctx, tx)
	})
	return refused("Postgres", err, tenantdb.ErrForged)
}

var residueSQL = []string{
	`SELECT set_config('tenancy.scope', current_setting('tenancy.scope'), false)`,
	`SELECT pg_advisory_lock(42)`,
	`LISTEN birch`,
	`DECLARE loot CURSOR WITH HOLD FOR SELECT body FROM message`,
}

// residue leaves on a connection what outlives a transaction, and sees what the next tenant finds there.
func residue(ctx context.Context, d *desk) (outcome, error) {
	var left, found int
	err := d.db.Tx(tenancy.With(ctx, alder), func(ctx context.Context, tx *sqlx.Tx) error {
		for _, s := range residueSQL {
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return err
			}
		}
		return tx.GetContext(ctx, &left, `SELECT pg_backend_pid()`)
	})
	if err != nil {
		return outcome{}, err
	}
	// A temporary table would be found before the real one of its name.
	if _, err := d.exec(ctx, alder, `CREATE TEMPORARY TABLE message (body text)`); !errors.Is(err, tenantdb.ErrIsolation) {
		return outcome{}, fmt.Errorf("a temporary table: %w", errors.Join(err))
	}
	met := 0
	for range 20 {
		err := d.db.Tx(tenancy.With(ctx, birch), func(ctx context.Context, tx *sqlx.Tx) error {
			var things []string
			err := errors.Join(
				tx.GetContext(ctx, &found, `SELECT pg_backend_pid()`),
				tx.SelectContext(ctx, &things, `SELECT 'cursor ' || name FROM pg_cursors WHERE name <> '' UNION ALL SELECT 'channel ' || c FROM pg_listening_channels() c
					UNION ALL SELECT 'lock' FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND pid = pg_backend_pid()`))
			if err == nil && len(things) > 0 {
				err = fmt.Errorf("birch found alder's %s", strings.Join(things, ", "))
			}
			return err
		})
		if err != nil {
			return outcome{}, err
		}
		if found == left {
			met++
		}
	}
	how := fmt.Sprintf("birch got the same connection %d times and found it clean", met)
	if met == 0 {
		how = "the connection was destroyed"
	}
	return outcome{how + "; a temporary table: permission denied", "the scrub in COMMIT's packet"}, nil
}

// inspect asks the inspector about the schema as it is. It must accuse nothing: who is accused wrongly
// twice stops reading.
func inspect(ctx context.Context, d *desk) (outcome, error) {
	report, err := rls.Inspect(ctx, d.pg.owner, d.pg.rules)
	if err != nil {
		return outcome{}, err
	}
	if err := report.Err(rls.Info); err != nil {
		return outcome{}, err
	}
	return outcome{fmt.Sprintf("%d tables, looked at by %d rules: nothing found", len(d.pg.rules.Tables), len(report.Rules)), "rls.Inspect"}, nil
}

const hole = `ALTER TABLE message NO FORCE ROW LEVEL SECURITY`

// inspectHole makes a hole that no test of the application would notice, and mends it the way the
// inspector says.
func inspectHole(ctx context.Context, d *desk) (outcome, error) {
	if _, err := d.pg.owner.ExecContext(ctx, hole); err != nil {
		return outcome{}, err
	}
	report, err := rls.Inspect(ctx, d.pg.owner, d.pg.rules)
	if err != nil {
		return outcome{}, err
	}
	if len(report.Findings) == 0 {
		return outcome{}, errors.New("nothing found")
	}
	found := report.Findings[0]
	if _, err := d.pg.owner.ExecContext(ctx, report.Fix()); err != nil {
		return outcome{}, fmt.Errorf("the fix: %w", err)
	}
	if _, err := inspect(ctx, d); err != nil {
		return outcome{}, fmt.Errorf("after the fix: %w", err)
	}
	return outcome{fmt.Sprintf("%s %s %s: %s\nits fix: %s\nafter the fix: nothing found", found.Severity, found.Rule, found.Object, found.Message, found.Fix), "rls.Inspect"}, nil
}

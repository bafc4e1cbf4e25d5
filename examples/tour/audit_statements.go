package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

const (
	rewriteEvent      = `UPDATE audit_event SET action = 'nothing.happened' WHERE seq = 17`
	deleteEvent       = `DELETE FROM audit_event WHERE seq = 17`
	replaceEvent      = `INSERT OR REPLACE INTO audit_event SELECT 17, at, event_id, action, outcome, hash, leaf FROM audit_event WHERE seq = 18`
	emptyLog          = `TRUNCATE audit_event`
	dropGuardSQLite   = `DROP TRIGGER audit_event_unchanged`
	dropGuardPostgres = `DROP TRIGGER audit_event_unchanged ON audit_event`
	skipTriggers      = `SET session_replication_role = replica`
)

// refusedToApp tries a statement as the application, in fir's own name.
func refusedToApp(statement string) func(context.Context, *desk) (outcome, error) {
	return func(ctx context.Context, d *desk) (outcome, error) {
		_, err := d.exec(ctx, fir, statement)
		if errors.Is(err, tenantdb.ErrIsolation) {
			by := "SQLite's authorizer"
			if d.pg != nil {
				by = "Postgres: not granted"
			}
			return outcome{err.Error(), by}, nil
		}
		return byTrigger(err)
	}
}

// byTrigger makes an outcome of err, which must be the refusal of one of the log's triggers.
func byTrigger(err error) (outcome, error) {
	if err == nil {
		return outcome{}, errors.New("nothing refused it")
	}
	for _, words := range []string{"log is only added to", "an event has the next place", "events go by pruning only", "not erased under a hold", "audit_add_only", "audit_held"} {
		if strings.Contains(err.Error(), words) {
			return outcome{err.Error(), "a trigger of the log"}, nil
		}
	}
	return outcome{}, fmt.Errorf("it failed, but not for the right reason: %w", err)
}

// superuserSkipsTriggers does what tools do that copy rows: Postgres then leaves out the triggers that are not
// declared to run always.
func superuserSkipsTriggers(ctx context.Context, d *desk) (o outcome, err error) {
	in, err := d.breakIn(ctx)
	if err != nil {
		return outcome{}, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if _, err := in.conn.ExecContext(ctx, skipTriggers); err != nil {
		return outcome{}, err
	}
	_, err = in.conn.ExecContext(ctx, in.sql(rewriteEvent+" AND {own}"))
	return byTrigger(err)
}

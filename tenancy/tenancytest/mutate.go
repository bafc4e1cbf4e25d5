package tenancytest

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

//go:embed fingerprint.sql
var fingerprintSQL string

//go:embed schema.sql
var schemaSQL string

// Inspect looks at the database as it is and returns one text for each thing that is wrong with it;
// a call of tenancy/rls.Inspect is one. It must say the same of the same database.
type Inspect func(ctx context.Context) (findings []string, err error)

// Score says which mutations of a schema were noticed, and by what.
type Score struct{ Mutations []Mutated }

// Mutated is one mutation. It was noticed if Attacks or Findings hold something.
type Mutated struct {
	ID       string   // what was changed, such as "policy.drop"
	Object   string   // where
	Attacks  []string // the attacks that succeeded
	Findings []string // what the inspector said beside what it says of the schema as it is
	Skipped  string   // why it could not be made here; it then counts for nothing
}

// Noticed returns how many of the mutations made were noticed by either, by the attacks, and by the
// inspector.
func (s *Score) Noticed() (made, either, attacks, findings int) {
	for _, m := range s.Mutations {
		if m.Skipped != "" {
			continue
		}
		made++
		if len(m.Attacks) > 0 {
			attacks++
		}
		if len(m.Findings) > 0 {
			findings++
		}
		if len(m.Attacks)+len(m.Findings) > 0 {
			either++
		}
	}
	return made, either, attacks, findings
}

// Mutate breaks the isolation of target's Postgres schema in one way after the other, each time attacks
// what was touched and asks inspect (nil: nobody), and mends it again. It reports an error for each
// mutation that neither noticed: such a hole could be made tomorrow and nobody would see it.
//
// owner is logged in as a role that may change the schema; as a superuser more mutations can be made.
// The database must be one for tests that nothing else uses: for the moments between, it is open.
// Mutate compares the catalogue before and after each mutation and stops if it could not mend it.
func Mutate(t TB, owner *sql.DB, target Target, inspect Inspect) *Score {
	t.Helper()
	m := &mutator{target: target, inspect: inspect, score: &Score{}}
	if err := m.run(t.Context(), owner); err != nil {
		t.Errorf("%v", err)
	}
	for _, x := range m.score.Mutations {
		if x.Skipped == "" && len(x.Attacks)+len(x.Findings) == 0 {
			t.Errorf("tenancytest: mutation %s of %s was not noticed", x.ID, x.Object)
		}
	}
	made, either, attacks, findings := m.score.Noticed()
	t.Logf("tenancytest: %d mutations made, %d noticed: %d by attacks, %d by the inspector", made, either, attacks, findings)
	if made == 0 {
		t.Errorf("tenancytest: no mutation could be made")
	}
	return m.score
}

// mutation is one change of the schema and the way back.
type mutation struct {
	id, object  string
	apply, undo []string
	attack      []string // what to attack: tables, views, functions, Session
}

type mutator struct {
	target  Target
	inspect Inspect
	score   *Score
	conn    *sql.Conn
	cat     *catalogue
	about   about
	known   map[string]bool // what the inspector says of the schema as it is
	turn    int             // mutations take the tables in turns
}

func (m *mutator) run(ctx context.Context, owner *sql.DB) (err error) {
	k, err := newKit(m.target)
	if err != nil {
		return err
	}
	if m.target.DB.Dialect() != tenantdb.Postgres {
		return errors.New("tenancytest: Mutate is for Postgres: a SQLite file holds one tenant, whatever its schema")
	}
	if m.conn, err = owner.Conn(ctx); err != nil {
		return err
	}
	defer m.conn.Close()
	if _, err := m.conn.ExecContext(ctx, "SET lock_timeout = '20s'"); err != nil {
		return err
	}
	// The schema as it is. The rows stay until the last mutation.
	err = k.attackPostgres(ctx)
	defer func() { err = errors.Join(err, k.cleanUp(context.WithoutCancel(ctx))) }()
	if err == nil && len(k.found) > 0 {
		err = fmt.Errorf("tenancytest: the schema is not clean before any mutation: %s on %s", k.found[0].Rule, k.found[0].Object)
	}
	if err != nil {
		return err
	}
	m.cat, m.known = k.cat, map[string]bool{}
	if m.inspect != nil {
		found, err := m.inspect(ctx)
		if err != nil {
			return fmt.Errorf("tenancytest: Inspect: %w", err)
		}
		for _, f := range found {
			m.known[f] = true
		}
	}
	var app string
	if err := k.read(ctx, k.A, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &app, "SELECT current_user")
	}); err != nil {
		return err
	}
	var text string
	if err := m.conn.QueryRowContext(ctx, schemaSQL, app, k.Column).Scan(&text); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), &m.about); err != nil {
		return err
	}
	before, err := m.fingerprint(ctx, app)
	if err != nil {
		return err
	}
	for _, x := range m.mutations() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := m.try(ctx, x); err != nil {
			return err
		}
		after, err := m.fingerprint(context.WithoutCancel(ctx), app)
		if err != nil {
			return err
		}
		if d := difference(before, after); d != "" {
			return fmt.Errorf("tenancytest: mutation %s of %s could not be undone: %s", x.id, x.object, d)
		}
	}
	return nil
}

// try makes one mutation, lets attacks and inspector look, and mends it.
func (m *mutator) try(ctx context.Context, x mutation) error {
	done := Mutated{ID: x.id, Object: x.object}
	for i, s := range x.apply {
		if _, err := m.conn.ExecContext(ctx, s); err != nil {
			done.Skipped = reason(err) + " at statement " + fmt.Sprint(i+1)
			break
		}
	}
	var err error
	if done.Skipped == "" {
		err = m.look(ctx, x, &done)
	}
	var undone error
	for _, s := range x.undo {
		if _, uerr := m.conn.ExecContext(context.WithoutCancel(ctx), s); uerr != nil && done.Skipped == "" {
			undone = errors.Join(undone, fmt.Errorf("tenancytest: undo %s of %s: %w", x.id, x.object, uerr))
		}
	}
	m.score.Mutations = append(m.score.Mutations, done)
	return errors.Join(err, undone)
}

func (m *mutator) look(ctx context.Context, x mutation, done *Mutated) error {
	k, err := newKit(m.target)
	if err != nil {
		return err
	}
	k.only = map[string]bool{}
	for _, o := range x.attack {
		k.only[o] = true
	}
	aerr := errors.Join(k.attackPostgres(ctx), k.cleanUp(ctx))
	for _, f := range k.found {
		done.Attacks = append(done.Attacks, f.Rule)
	}
	if aerr != nil && len(done.Attacks) == 0 { // the schema may have become one that nothing works on
		if errors.Is(aerr, tenantdb.ErrUnavailable) || ctx.Err() != nil {
			return aerr
		}
	}
	if m.inspect == nil {
		return nil
	}
	found, err := m.inspect(ctx)
	if err != nil {
		return fmt.Errorf("tenancytest: Inspect: %w", err)
	}
	for _, f := range found {
		if !m.known[f] {
			done.Findings = append(done.Findings, f)
		}
	}
	slices.Sort(done.Attacks)
	return nil
}

// fingerprint returns the lines that describe the schema.
func (m *mutator) fingerprint(ctx context.Context, app string) (map[string]bool, error) {
	rows, err := m.conn.QueryContext(ctx, fingerprintSQL, `"`+strings.ReplaceAll(app, `"`, `""`)+`"`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]bool{}
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out[s] = true
	}
	return out, rows.Err()
}

// difference returns a line that only one of two fingerprints has.
func difference(a, b map[string]bool) string {
	for _, pair := range [][2]map[string]bool{{a, b}, {b, a}} {
		for _, s := range slices.Sorted(maps.Keys(pair[0])) {
			if !pair[1][s] {
				return s
			}
		}
	}
	return ""
}

package retention_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/dsar/retention"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

func TestMain(m *testing.M) { door.Main(m) }

// On SQLite the file is the tenant; on Postgres keys may have the tenant's column.
var onOne, onMany = strings.NewReplacer("{time}", "datetime", "{key}", "", "{lead}", "FOREIGN KEY (lead_id) REFERENCES lead (id)"),
	strings.NewReplacer("{time}", "timestamptz", "{key}", ", UNIQUE (tenant_id, id)", "{lead}", "FOREIGN KEY (tenant_id, lead_id) REFERENCES lead (tenant_id, id)")

// ddl is a help desk: tickets are a user's, comments a ticket's; visits are masked, and invoices kept.
const ddl = `
CREATE TABLE users (id bigint PRIMARY KEY, email text);
CREATE TABLE ticket (id bigint PRIMARY KEY, user_id bigint REFERENCES users, closed_at {time}, subject text);
CREATE TABLE comment (id bigint PRIMARY KEY, ticket_id bigint REFERENCES ticket ON DELETE CASCADE, body text);
CREATE TABLE attachment (id bigint PRIMARY KEY, comment_id bigint REFERENCES comment, name text);
CREATE TABLE refund (id bigint PRIMARY KEY, ticket_id bigint REFERENCES ticket, amount bigint);
CREATE TABLE visit (id bigint PRIMARY KEY, user_id bigint, at bigint, ip text, agent text);
CREATE TABLE lead (id bigint PRIMARY KEY, user_id bigint REFERENCES users, status text, region int, changed_at {time}, need text{key});
CREATE TABLE call (id bigint PRIMARY KEY, lead_id bigint, said text, {lead});
CREATE TABLE invoice (id bigint PRIMARY KEY, user_id bigint REFERENCES users, issued_at {time}, name text);
`

var helpdesk = &dsar.Map{
	Subjects: []dsar.Subject{{Kind: "user", Table: "users", Identifiers: []dsar.Identifier{{Name: "email", Column: "email", Form: dsar.Email}}}},
	Purposes: []dsar.Purpose{{Name: "p", Why: "tests", Basis: dsar.Contract}},
	Tables: []dsar.Table{
		{Name: "users", Key: []string{"id"}, Purpose: "p", Columns: []dsar.Column{{Name: "email text", Class: redact.ClassEmail}}, Plain: []string{"id bigint not null"}},
		{Name: "ticket", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users"}},
			Columns: []dsar.Column{{Name: "subject text", Class: redact.ClassContent}}, Plain: []string{"id bigint not null", "user_id bigint", "closed_at timestamptz"},
			Retention: &dsar.Retention{Category: "tickets", For: dsar.Period{Years: 2}, Since: "closed_at"}},
		{Name: "comment", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"ticket_id"}, To: "ticket"}},
			Columns: []dsar.Column{{Name: "body text", Class: redact.ClassContent}}, Plain: []string{"id bigint not null", "ticket_id bigint"}},
		{Name: "attachment", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"comment_id"}, To: "comment"}},
			Columns: []dsar.Column{{Name: "name text", Class: redact.ClassContent}}, Plain: []string{"id bigint not null", "comment_id bigint"}},
		{Name: "refund", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"ticket_id"}, To: "ticket", Role: dsar.Reference, Then: dsar.Null}},
			NotPersonal: "amounts", Plain: []string{"id bigint not null", "ticket_id bigint", "amount bigint"}},
		{Name: "visit", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users", Undeclared: true}},
			Columns: []dsar.Column{{Name: "ip text", Class: redact.ClassIP, Erase: dsar.Null}, {Name: "agent text", Class: redact.ClassIP, Erase: dsar.Constant("removed")}},
			Plain:   []string{"id bigint not null", "user_id bigint", "at bigint"}, Erase: dsar.Mask,
			Retention: &dsar.Retention{For: dsar.Period{Days: 30}, Since: "at", Then: dsar.Mask}},
		{Name: "lead", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users"}},
			Columns: []dsar.Column{{Name: "need text", Class: redact.ClassContent}}, Plain: []string{"id bigint not null", "user_id bigint", "status text", "region int", "changed_at timestamptz"},
			Retention: &dsar.Retention{Category: "leads", For: dsar.Period{Years: 1}, Since: "changed_at", When: []dsar.When{{Column: "status", Value: "won"}, {Column: "region", Value: "7"}, {Column: "status", Value: "lost"}}}},
		{Name: "call", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"lead_id"}, To: "lead"}},
			Columns: []dsar.Column{{Name: "said text", Class: redact.ClassContent}}, Plain: []string{"id bigint not null", "lead_id bigint"}},
		{Name: "invoice", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users"}},
			Columns: []dsar.Column{{Name: "name text", Class: redact.ClassName}}, Plain: []string{"id bigint not null", "user_id bigint", "issued_at timestamptz"},
			Erase:     dsar.Keep(dsar.Reason{Basis: dsar.LegalObligation, Law: "§ 147 AO", For: dsar.Period{Years: 10}, Since: "issued_at"}),
			Retention: &dsar.Retention{Category: "invoices", For: dsar.Period{Years: 10}, Since: "issued_at"}},
	},
}

// log is an audit log that can fail.
type log struct {
	mu     sync.Mutex
	events []audit.Event
	fails  error
}

func (l *log) Record(_ context.Context, e audit.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fails == nil {
		l.events = append(l.events, e)
	}
	return l.fails
}

// desk is a help desk's database, and what sweeps it.
type desk struct {
	*door.World
	store *dsarsql.Store
	marks *retention.MemoryMarks
	log   *log
	clock *clock
	o     retention.Options
	m     *dsar.Map
}

// clock is that of a SQLite database.
type clock struct {
	mu  sync.Mutex
	off time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.off)
}

func (c *clock) set(off time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off = off
}

var created = regexp.MustCompile(`CREATE TABLE (\w+) \(`)

func onBoth(t *testing.T, f func(*testing.T, *desk)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); f(t, onSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); f(t, onPostgres(t)) })
}

func onSQLite(t *testing.T) *desk {
	steps, err := sqlite.ReadMigrations("dsar", dsarsql.SQLite())
	require.NoError(t, err)
	c := &clock{}
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "data"), sqlite.Options{Clock: c.now, Migrations: append(steps, sqlite.Migration{ID: "app/1", SQL: onOne.Replace(ddl)})})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return newDesk(t, &door.World{Host: db, DB: db.TenantDB()}, c)
}

func onPostgres(t *testing.T) *desk {
	d := door.Door{Name: "dsar", SQLite: dsarsql.SQLite(), Migrate: func(ctx context.Context, owner *sql.DB, appRole, systemRole string) error {
		if err := dsarsql.Migrate(ctx, owner, appRole, systemRole); err != nil {
			return err
		}
		var guarded []rls.Table
		for _, m := range created.FindAllStringSubmatch(ddl, -1) {
			guarded = append(guarded, rls.Table{Name: m[1]})
		}
		text := created.ReplaceAllString(onMany.Replace(ddl), "CREATE TABLE $1 (tenant_id text NOT NULL DEFAULT tenancy.claimed(), ")
		if _, err := owner.ExecContext(ctx, text); err != nil {
			return err
		}
		guard, err := rls.SQL(rls.Config{AppRole: appRole, SystemRole: systemRole, Tables: guarded})
		if err != nil {
			return err
		}
		_, err = owner.ExecContext(ctx, guard)
		return err
	}}
	return newDesk(t, d.OnPostgres(t), nil)
}

func newDesk(t *testing.T, w *door.World, c *clock) *desk {
	store, err := dsarsql.New(w.DB)
	require.NoError(t, err)
	d := &desk{World: w, store: store, marks: &retention.MemoryMarks{}, log: &log{}, clock: c, m: helpdesk}
	d.o = retention.Options{Recorder: d.log, Share: 1, Batch: 3}
	return d
}

func (d *desk) sweeper(t testing.TB, change ...func(*retention.Options)) *retention.Sweeper {
	o := d.o
	for _, c := range change {
		c(&o)
	}
	m, err := d.m.Compile()
	require.NoError(t, err)
	j, err := dsarsql.NewJournal(d.DB)
	require.NoError(t, err)
	if o.Expire == nil {
		e, err := erase.New(d.DB, m, j, erase.Options{})
		require.NoError(t, err)
		o.Expire = e.Expire
	}
	s, err := retention.New(d.DB, m, j, d.store, d.marks, o)
	require.NoError(t, err)
	return s
}

func (d *desk) tenant(t testing.TB) context.Context {
	return tenancy.With(context.Background(), d.NewTenant(t))
}

func (d *desk) exec(t testing.TB, ctx context.Context, statements ...string) {
	t.Helper()
	require.NoError(t, d.DB.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for _, s := range statements {
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return fmt.Errorf("%w in %s", err, s)
			}
		}
		return nil
	}))
}

// ago is a time so long ago, as text.
func ago(years, days int) string {
	return "'" + time.Now().UTC().AddDate(-years, 0, -days).Format("2006-01-02 15:04:05") + "'"
}

// ids returns the keys of a table, sorted, with spaces between.
func (d *desk) ids(t testing.TB, ctx context.Context, table string) string {
	t.Helper()
	var ids []int64
	require.NoError(t, d.DB.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &ids, "SELECT id FROM "+table+" ORDER BY id")
	}))
	return strings.Trim(fmt.Sprint(ids), "[]")
}

// said is what a report says was done, sorted.
func said(r *retention.Report) (out []string) {
	for _, p := range r.Tables {
		out = append(out, fmt.Sprint(p.Table, " ", p.Action, " ", p.Rows))
	}
	slices.Sort(out)
	return out
}

func due(t testing.TB, p *retention.Plan, table string) retention.Due {
	i := slices.IndexFunc(p.Tables, func(d retention.Due) bool { return d.Table == table && d.Action != dsar.ActKeep })
	require.GreaterOrEqual(t, i, 0)
	return p.Tables[i]
}

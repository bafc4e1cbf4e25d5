package supportgrantsql_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// counter is one tenant's grants on Postgres, and who writes SQL there.
type counter struct {
	*door.World
	*supportgrantsql.Store
	ctx   context.Context
	admin *pgx.Conn
}

func newCounter(t *testing.T) *counter {
	w := onPostgres.OnPostgres(t)
	admin, err := pgx.Connect(t.Context(), w.PG.Admin.DSN)
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close(context.Background()) })
	return &counter{w, storeIn(t, w), tenancy.With(context.Background(), w.NewTenant(t)), admin}
}

// writers run SQL as the superuser, for whom policies do not hold, as the application of the tenant, and as that of another. They say how many rows there were.
func (c *counter) writers(t *testing.T) map[string]func(text string, args ...any) (int64, error) {
	app := func(ctx context.Context) func(string, ...any) (int64, error) {
		return func(text string, args ...any) (n int64, err error) {
			err = c.DB.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				r, err := tx.ExecContext(ctx, text, args...)
				if err == nil {
					n, err = r.RowsAffected()
				}
				return err
			})
			return n, err
		}
	}
	return map[string]func(string, ...any) (int64, error){
		"superuser": func(text string, args ...any) (int64, error) {
			tag, err := c.admin.Exec(t.Context(), text, args...)
			return tag.RowsAffected(), err
		},
		"application":    app(c.ctx),
		"another tenant": app(tenancy.With(context.Background(), c.NewTenant(t))),
	}
}

// proven adds a request with a proof by each of the approvers.
func (c *counter) proven(t *testing.T, life, wait time.Duration, by ...supportgrant.Person) supportgrant.GrantRow {
	g := asked(life, "account", "posts")
	g.Wait = wait
	g, err := c.AddGrant(c.ctx, g)
	require.NoError(t, err)
	for _, p := range by {
		proved(t, c.ctx, c, g, p, life)
	}
	return g
}

func (c *counter) to(t *testing.T, g supportgrant.GrantRow, state supportgrant.State) supportgrant.GrantRow {
	if g.State == state {
		return g
	}
	g, err := c.Move(c.ctx, supportgrant.Move{ID: g.ID, Version: g.Version, From: g.State, To: state, Life: g.Asked, Why: "enough"})
	require.NoError(t, err)
	return g
}

func TestRawSQLMakesEveryMoveAGrantMayAndNoOtherOnPostgres(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	superuser := c.writers(t)["superuser"]
	type try struct {
		g    supportgrant.GrantRow
		from supportgrant.State
		to   supportgrant.State
	}
	var tries []try
	for _, from := range supportgrant.States() {
		for _, to := range supportgrant.States() {
			life, wait := time.Hour, time.Hour
			if from == supportgrant.Lapsed || to == supportgrant.Lapsed && from == supportgrant.Requested {
				wait = 2 * time.Second
			}
			if from == supportgrant.Expired || to == supportgrant.Expired && from == supportgrant.Approved {
				life = time.Second
			}
			g := c.proven(t, life, wait, "ann")
			switch from {
			case supportgrant.Approved, supportgrant.Withdrawn, supportgrant.Expired:
				g = c.to(t, g, supportgrant.Approved)
			}
			if from == supportgrant.Denied || from == supportgrant.Cancelled || from == supportgrant.Withdrawn {
				g = c.to(t, g, from)
			}
			tries = append(tries, try{g, from, to})
		}
	}
	_, err := c.admin.Exec(t.Context(), `SELECT pg_sleep(2.1)`)
	require.NoError(t, err)
	for _, x := range tries {
		g := x.g
		if x.from == supportgrant.Lapsed || x.from == supportgrant.Expired {
			g = c.to(t, g, x.from)
		}
		require.Equal(t, x.from, g.State)
		set := `ended = supportgrant_now()`
		switch x.to {
		case supportgrant.Requested:
			set = `life = 0, approved = NULL, expires = NULL, ended = NULL, ended_by = '', end_reason = ''`
		case supportgrant.Approved:
			set = `life = 60, approved = n.now, expires = n.now + 60000000, ended = NULL, ended_by = '', end_reason = ''`
		}
		_, err := superuser(`UPDATE supportgrant_grant SET state = $1, version = version + 1, `+set+` FROM (SELECT supportgrant_now() AS now OFFSET 0) n WHERE id = $2`, string(x.to), g.ID)
		if x.from.May(x.to) || x.from == supportgrant.Requested && x.to == supportgrant.Requested {
			require.NoError(t, err, "%s to %s", x.from, x.to)
			continue
		}
		require.Error(t, err, "%s to %s", x.from, x.to)
		now, _, err := c.Grant(c.ctx, g.ID)
		require.NoError(t, err)
		require.Equal(t, g, now)
	}
}

func TestRawSQLDoesNothingThatMustNeverBeOnPostgres(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	g, open := c.to(t, c.proven(t, time.Hour, time.Hour, "ann", "bob"), supportgrant.Approved), c.proven(t, time.Minute, time.Hour, "ann", "bob")
	a := attackable(t, c.ctx, c, c.DB, g)

	grant := func(set string) string {
		return `UPDATE supportgrant_grant SET version = version + 1, ` + set + ` WHERE id = $1`
	}
	add := func(set string) string { // a request as good as any, but for set; as one of the tenant of the grant that is given
		columns := map[string]string{"tenant_id": "g.tenant_id", "id": "gen_random_uuid()", "version": "1", "state": "'requested'", "staff": "'sam'", "ticket": "'T'", "reason": "'long enough'", "scope": `'["posts"]'`, "care": "false",
			"asked": "60", "wait": "60", "requested": "n.now", "pending_until": "n.now + 60000000", "life": "0", "ended_by": "''", "end_reason": "''"}
		for _, one := range strings.Split(set, ";") {
			if name, value, ok := strings.Cut(one, "="); ok {
				columns[name] = value
			}
		}
		var names, values []string
		for name, value := range columns {
			names, values = append(names, name), append(values, value)
		}
		return `INSERT INTO supportgrant_grant (` + strings.Join(names, ", ") + `) SELECT ` + strings.Join(values, ", ") + ` FROM supportgrant_grant g, (SELECT supportgrant_now() AS now OFFSET 0) AS n WHERE g.id = $1`
	}
	proof := `INSERT INTO supportgrant_proof (tenant_id, grant_id, digest, approver, life, nonce, method, phishing_resistant, at) SELECT tenant_id, grant_id, digest, approver, life, nonce, method, false, supportgrant_now() FROM supportgrant_challenge WHERE digest = $1`
	entry := func(set string) string {
		return `INSERT INTO supportgrant_entry SELECT tenant_id, ` + set + `, grant_id, acted_by, category, resource, columns_read, matched, keys_asked, after_key, most_rows, why FROM supportgrant_entry WHERE id = $1`
	}
	approve := `state = 'approved', life = 60, approved = supportgrant_now(), expires = supportgrant_now() + 60000000`
	tries := map[string]struct {
		text string
		of   any
	}{
		"a later end":                 {grant(`expires = expires + 1`), g.ID},
		"a longer life":               {grant(`life = life + 60, expires = expires + 60000000`), g.ID},
		"approved anew":               {grant(`approved = approved + 1`), g.ID},
		"another staff":               {grant(`staff = 'sue'`), g.ID},
		"another ticket":              {grant(`ticket = 'T-2'`), g.ID},
		"another reason":              {grant(`reason = 'quite another reason'`), g.ID},
		"a wider scope":               {grant(`scope = '["account","analytics","posts"]'`), g.ID},
		"care":                        {grant(`care = true`), g.ID},
		"more asked for":              {grant(`asked = 604800`), g.ID},
		"another time of request":     {grant(`requested = requested - 1, pending_until = pending_until - 1`), g.ID},
		"another id":                  {grant(`id = gen_random_uuid()`), g.ID},
		"another tenant":              {grant(`tenant_id = 'other'`), g.ID},
		"an old version":              {`UPDATE supportgrant_grant SET expires = expires - 1 WHERE id = $1`, g.ID},
		"expired early":               {grant(`state = 'expired', ended = supportgrant_now()`), g.ID},
		"ended in the future":         {grant(`state = 'withdrawn', ended = supportgrant_now() + 3600000000`), g.ID},
		"lapsed early":                {grant(`state = 'lapsed', ended = supportgrant_now()`), open.ID},
		"approved without proof":      {grant(approve), a.bare.ID},
		"care with one proof":         {grant(approve), a.careful.ID},
		"longer than was asked for":   {grant(`state = 'approved', life = 61, approved = requested, expires = requested + 61000000`), open.ID},
		"an end that is not its life": {grant(`state = 'approved', life = 60, approved = requested, expires = requested + 60000001`), open.ID},
		"approved long ago":           {grant(`state = 'approved', life = 60, approved = requested - 120000000, expires = requested - 60000000`), open.ID},
		"approved in the future":      {grant(`state = 'approved', life = 60, approved = requested + 864000000000, expires = requested + 864060000000`), open.ID},
		"a grant that is gone":        {`DELETE FROM supportgrant_grant WHERE id = $1`, g.ID},
		"one that begins approved":    {add("state='approved';life=60;approved=n.now;expires=n.now + 60000000"), g.ID},
		"one that begins ended":       {add("state='denied';ended=n.now"), g.ID},
		"one of later":                {add("requested=n.now + 864000000000;pending_until=n.now + 864060000000"), g.ID},
		"a week and a second":         {add("asked=604801"), g.ID},
		"no life":                     {add("asked=0"), g.ID},
		"a long wait":                 {add("wait=1209601;pending_until=n.now + 1209601000000"), g.ID},
		"another wait":                {add("pending_until=n.now + 61000000"), g.ID},
		"no ticket":                   {add("ticket=''"), g.ID},
		"a short reason":              {add("reason='too short'"), g.ID},
		"no scope":                    {add("scope='[]'"), g.ID},
		"a scope that is none":        {add(`scope='{"posts":1}'`), g.ID},
		"a scope of numbers":          {add("scope='[1]'"), g.ID},
		"a secret scope":              {add(`scope='["access_tokens"]'`), g.ID},
		"a secret beside another":     {add(`scope='["posts","x_api_key"]'`), g.ID},
		"a scope in capitals":         {add(`scope='["Posts"]'`), g.ID},
		"a scope twice":               {add(`scope='["posts","posts"]'`), g.ID},
		"a proof that changes":        {`UPDATE supportgrant_proof SET life = 604800 WHERE grant_id = $1`, g.ID},
		"a proof that is gone":        {`DELETE FROM supportgrant_proof WHERE grant_id = $1`, g.ID},
		"an unanswered proof":         {proof, a.unused.Digest[:]},
		"a proof by who asked":        {proof, a.self.Digest[:]},
		"a challenge used again":      {`UPDATE supportgrant_challenge SET used = NULL WHERE digest = $1`, a.self.Digest[:]},
		"a challenge for another":     {`UPDATE supportgrant_challenge SET approver = 'bob', used = supportgrant_now() WHERE digest = $1`, a.unused.Digest[:]},
		"a challenge that is gone":    {`DELETE FROM supportgrant_challenge WHERE digest = $1`, a.self.Digest[:]},
		"an entry that changes":       {`UPDATE supportgrant_entry SET acted_by = 'eve' WHERE id = $1`, a.entry.ID},
		"an entry that is gone":       {`DELETE FROM supportgrant_entry WHERE id = $1`, a.entry.ID},
		"an entry of no kind":         {entry(`gen_random_uuid(), at, 'seen'`), a.entry.ID},
		"a budget given back":         {`UPDATE supportgrant_budget SET taken = 1 WHERE grant_id = $1`, g.ID},
		"a budget that is gone":       {`DELETE FROM supportgrant_budget WHERE grant_id = $1`, g.ID},
		"a note that changes":         {`UPDATE supportgrant_note SET due = due + 1 WHERE key = $1`, "k"},
		"a note that is gone":         {`DELETE FROM supportgrant_note WHERE key = $1`, "k"},
		"a code used again":           {`UPDATE supportgrant_totp SET last_step = 6 WHERE authenticator = $1`, "a"},
		"guesses forgotten":           {`DELETE FROM supportgrant_totp WHERE authenticator = $1`, "a"},
	}
	for who, write := range c.writers(t) {
		before := c.dump(t)
		for what, x := range tries {
			n, err := write(x.text, x.of)
			if who == "another tenant" && err == nil {
				require.Zero(t, n, what)
				continue
			}
			require.Error(t, err, "%s, by %s", what, who)
			for _, mistake := range []string{"42601", "42P01", "42703", "42883", "42804", "42P18"} { // of the test's
				require.NotContains(t, err.Error(), mistake, what)
			}
		}
		for _, table := range supportgrantsql.Tables {
			_, err := write(`TRUNCATE ` + table.Name)
			require.Error(t, err, "%s, by %s", table.Name, who)
		}
		require.Equal(t, before, c.dump(t), who)
	}
	// Seen to be able to: an end may come sooner, and a request as good as any is taken.
	for _, text := range []string{grant(`expires = expires - 1`), add("")} {
		n, err := c.writers(t)["application"](text, g.ID)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
	}
}

// A read that holds before its entry is committed is refused, in a savepoint too.
func TestTheDatabaseReadsNothingBeforeTheEntryIsCommitted(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	g := c.to(t, c.proven(t, time.Hour, time.Hour, "ann", "bob"), supportgrant.Approved)
	open := `SELECT supportgrant_open(1, $1, $2, 'read', 'sam', 'posts', 'posts', '[]', '[]', '[]', '[]', 50, '')`
	hold := `SELECT care FROM supportgrant_hold(1, $1, 0, $2, 'sam', 'posts')`
	for _, before := range []string{`SELECT 1`, `SAVEPOINT s`} {
		id := uuid.Must(uuid.NewV7())
		err := c.DB.Tx(c.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			if _, err := tx.ExecContext(ctx, before); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, open, id, g.ID); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, hold, id, g.ID)
			return err
		})
		require.ErrorContains(t, err, "BWS01")
		require.ErrorContains(t, c.DB.Read(c.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, hold, id, g.ID)
			return err
		}), "BWS01")
	}
}

// Whoever set the clock back would lengthen grants: a log that is ahead of the clock by more than a second, whether it was before the read began or
// since it did, keeps its grant closed.
func TestAClockThatGoesBackOpensNothingOnPostgres(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	ahead := func(g supportgrant.GrantRow, by time.Duration) {
		_, err := c.admin.Exec(t.Context(), `INSERT INTO supportgrant_entry (tenant_id, id, at, kind, grant_id, acted_by, category, resource, columns_read, matched, keys_asked, after_key, most_rows, why)
			SELECT tenant_id, gen_random_uuid(), supportgrant_now() + $2, 'refused', id, 'sam', '', '', '[]', '[]', '[]', '[]', 0, '' FROM supportgrant_grant WHERE id = $1`, g.ID, by.Microseconds())
		require.NoError(t, err)
	}
	open := func(g supportgrant.GrantRow) (care []bool) {
		id, opened := uuid.Must(uuid.NewV7()), int64(0)
		require.NoError(t, c.DB.Row(c.ctx, `SELECT supportgrant_open(1, $1, $2, 'read', 'sam', 'posts', 'posts', '[]', '[]', '[]', '[]', 50, '')`, []any{id, g.ID}, []any{&opened}))
		require.NoError(t, c.DB.Read(c.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			return tx.SelectContext(ctx, &care, `SELECT care FROM supportgrant_hold(1, $1, $2, $3, 'sam', 'posts')`, id, opened, g.ID)
		}))
		return care
	}
	near, far := live(t, c.ctx, c, asked(time.Hour)), live(t, c.ctx, c, asked(time.Hour))
	ahead(near, 500*time.Millisecond)
	require.Len(t, open(near), 1)
	ahead(far, time.Hour)
	require.Empty(t, open(far))
	require.Len(t, open(near), 1, "another grant's log says nothing")
}

func (c *counter) dump(t *testing.T) (out []string) {
	for _, table := range supportgrantsql.Tables {
		rows, err := c.admin.Query(t.Context(), fmt.Sprintf(`SELECT t::text FROM %s t ORDER BY 1`, table.Name))
		require.NoError(t, err)
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		out = append(out, all...)
	}
	return out
}

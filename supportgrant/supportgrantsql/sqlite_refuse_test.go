package supportgrantsql_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// shop is one tenant's grants on SQLite, with a clock that can be moved.
type shop struct {
	*files
	id  tenancy.ID
	ctx context.Context
	db  *tenantdb.DB
	*supportgrantsql.Store
}

func newShop(t testing.TB) *shop {
	f := newFiles(t)
	db := f.open(t)
	id := newTenant(t, db)
	return &shop{f, id, tenancy.With(context.Background(), id), db.TenantDB(), newStore(t, db)}
}

// in returns a new grant in that state, with two proofs.
func (s *shop) in(t testing.TB, state supportgrant.State) supportgrant.GrantRow {
	t.Helper()
	g, err := s.AddGrant(s.ctx, asked(time.Hour, "account", "posts"))
	require.NoError(t, err)
	proved(t, s.ctx, s, g, "ann", time.Hour)
	proved(t, s.ctx, s, g, "bob", 30*time.Minute)
	move := func(to supportgrant.State) {
		g, err = s.Move(s.ctx, supportgrant.Move{ID: g.ID, Version: g.Version, From: g.State, To: to, Life: 20 * time.Minute, Why: "enough"})
		require.NoError(t, err)
	}
	if state == supportgrant.Withdrawn || state == supportgrant.Expired {
		move(supportgrant.Approved)
	}
	if state == supportgrant.Lapsed || state == supportgrant.Expired {
		s.moved.Add(int64(2 * time.Hour))
	}
	if state != supportgrant.Requested {
		move(state)
	}
	return g
}

// dump is all there is in the tables.
func (s *shop) dump(t testing.TB) (out []string) {
	t.Helper()
	require.NoError(t, s.db.Read(s.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for _, table := range []string{"grant", "challenge", "proof", "entry", "budget", "note", "totp", "transition", "excluded"} {
			rows, err := tx.QueryxContext(ctx, `SELECT * FROM supportgrant_`+table)
			if err != nil {
				return err
			}
			for rows.Next() {
				values, err := rows.SliceScan()
				if err != nil {
					return err
				}
				out = append(out, fmt.Sprint(table, values))
			}
			if err := rows.Close(); err != nil {
				return err
			}
		}
		return nil
	}))
	return out
}

// Whoever writes the SQL, and however good the rest of the row is: a grant goes where it may go, and nowhere else.
func TestRawSQLMakesEveryMoveAGrantMayAndNoOtherOnSQLite(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, from := range supportgrant.States() {
		for _, to := range supportgrant.States() {
			g := s.in(t, from)
			set := `ended = bw_now()`
			switch to {
			case supportgrant.Requested:
				set = `life = 0, approved = NULL, expires = NULL, ended = NULL, ended_by = '', end_reason = ''`
			case supportgrant.Approved:
				set = `life = 1200, approved = bw_now(), expires = bw_now() + 1200000000, ended = NULL, ended_by = '', end_reason = ''`
			}
			if to == supportgrant.Lapsed && from == supportgrant.Requested || to == supportgrant.Expired && from == supportgrant.Approved {
				s.moved.Add(int64(2 * time.Hour))
			}
			if to == supportgrant.Approved { // the two clocks of the statement are one
				set = strings.ReplaceAll(set, `bw_now()`, `(SELECT requested FROM supportgrant_grant WHERE id = '`+g.ID.String()+`')`)
			}
			err := raw(s.ctx, s.db, `UPDATE supportgrant_grant SET state = ?, version = version + 1, `+set+` WHERE id = ?`, string(to), g.ID)
			if from.May(to) {
				require.NoError(t, err, "%s to %s", from, to)
				continue
			}
			if from == to && !from.Ended() && to == supportgrant.Requested {
				require.NoError(t, err, "nothing changes but the version")
				continue
			}
			require.Error(t, err, "%s to %s", from, to)
			now, _, err := s.Grant(s.ctx, g.ID)
			require.NoError(t, err)
			require.Equal(t, g, now)
		}
	}
}

func TestRawSQLDoesNothingThatMustNeverBeOnSQLite(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	g, open := s.in(t, supportgrant.Approved), s.in(t, supportgrant.Requested)
	a := attackable(t, s.ctx, s, s.db, g)
	before := s.dump(t)

	grant := func(set string) string {
		return `UPDATE supportgrant_grant SET version = version + 1, ` + set + ` WHERE id = ?`
	}
	add := func(verb, id, set string) string { // a request as good as any, but for set
		columns := map[string]string{"id": `'` + id + `'`, "version": "1", "state": "'requested'", "staff": "'sam'", "ticket": "'T'", "reason": "'long enough'", "scope": `'["posts"]'`, "care": "0",
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
		return verb + ` INTO supportgrant_grant (` + strings.Join(names, ", ") + `) SELECT ` + strings.Join(values, ", ") + ` FROM (SELECT bw_now() AS now LIMIT 1) AS n WHERE ? <> ''`
	}
	fresh := func() string { return uuid.NewString() }
	live := `state = 'approved', life = 60, approved = requested, expires = requested + 60000000`
	for what, try := range map[string]struct {
		text string
		of   any
	}{
		"a later end":                 {grant(`expires = expires + 1`), g.ID},
		"a longer life":               {grant(`life = life + 60, expires = expires + 60000000`), g.ID},
		"approved anew":               {grant(`approved = bw_now()`), g.ID},
		"another staff":               {grant(`staff = 'sue'`), g.ID},
		"another ticket":              {grant(`ticket = 'T-2'`), g.ID},
		"another reason":              {grant(`reason = 'quite another reason'`), g.ID},
		"a wider scope":               {grant(`scope = '["account","analytics","posts"]'`), g.ID},
		"care":                        {grant(`care = 1`), g.ID},
		"more asked for":              {grant(`asked = 604800`), g.ID},
		"another time of request":     {grant(`requested = requested - 1, pending_until = pending_until - 1`), g.ID},
		"another id":                  {grant(`id = '` + fresh() + `'`), g.ID},
		"an old version":              {`UPDATE supportgrant_grant SET expires = expires - 1 WHERE id = ?`, g.ID},
		"expired early":               {grant(`state = 'expired', ended = bw_now()`), g.ID},
		"ended in the future":         {grant(`state = 'withdrawn', ended = bw_now() + 3600000000`), g.ID},
		"lapsed early":                {grant(`state = 'lapsed', ended = bw_now()`), open.ID},
		"approved without proof":      {grant(live), a.bare.ID},
		"care with one proof":         {grant(live), a.careful.ID},
		"longer than a proof says":    {grant(`state = 'approved', life = 3600, approved = requested, expires = requested + 3600000000`), open.ID},
		"an end that is not its life": {grant(`state = 'approved', life = 60, approved = requested, expires = requested + 60000001`), open.ID},
		"approved long ago":           {grant(`state = 'approved', life = 60, approved = requested - 120000000, expires = requested - 60000000`), open.ID},
		"approved in the future":      {grant(`state = 'approved', life = 60, approved = requested + 864000000000, expires = requested + 864060000000`), open.ID},
		"a grant that is gone":        {`DELETE FROM supportgrant_grant WHERE id = ?`, g.ID},
		"a grant replaced":            {add("INSERT OR REPLACE", g.ID.String(), ""), "x"},
		"one that begins approved":    {add("INSERT", fresh(), "state='approved';life=60;approved=n.now;expires=n.now + 60000000"), "x"},
		"one that begins ended":       {add("INSERT", fresh(), "state='denied';ended=n.now"), "x"},
		"one of later":                {add("INSERT", fresh(), "requested=n.now + 864000000000;pending_until=n.now + 864060000000"), "x"},
		"a week and a second":         {add("INSERT", fresh(), "asked=604801"), "x"},
		"no life":                     {add("INSERT", fresh(), "asked=0"), "x"},
		"a long wait":                 {add("INSERT", fresh(), "wait=1209601;pending_until=n.now + 1209601000000"), "x"},
		"another wait":                {add("INSERT", fresh(), "pending_until=n.now + 61000000"), "x"},
		"no ticket":                   {add("INSERT", fresh(), "ticket=''"), "x"},
		"a short reason":              {add("INSERT", fresh(), "reason='too short'"), "x"},
		"no scope":                    {add("INSERT", fresh(), "scope='[]'"), "x"},
		"a scope that is none":        {add("INSERT", fresh(), `scope='{"posts":1}'`), "x"},
		"a scope of numbers":          {add("INSERT", fresh(), "scope='[1]'"), "x"},
		"a secret scope":              {add("INSERT", fresh(), `scope='["access_tokens"]'`), "x"},
		"a secret beside another":     {add("INSERT", fresh(), `scope='["posts","x_api_key"]'`), "x"},
		"a scope in capitals":         {add("INSERT", fresh(), `scope='["Posts"]'`), "x"},
		"a scope twice":               {add("INSERT", fresh(), `scope='["posts","posts"]'`), "x"},
		"a proof that changes":        {`UPDATE supportgrant_proof SET life = 604800 WHERE grant_id = ?`, g.ID},
		"a proof that is gone":        {`DELETE FROM supportgrant_proof WHERE grant_id = ?`, g.ID},
		"a proof of nothing": {`INSERT INTO supportgrant_proof (grant_id, digest, approver, life, nonce, method, phishing_resistant, at)
			VALUES (?, randomblob(32), 'ann', 60, randomblob(32), 'totp', 0, bw_now())`, a.bare.ID},
		"a proof of a challenge that was not answered": {`INSERT INTO supportgrant_proof (grant_id, digest, approver, life, nonce, method, phishing_resistant, at)
			SELECT grant_id, digest, approver, life, nonce, method, 0, bw_now() FROM supportgrant_challenge WHERE digest = ?`, a.unused.Digest[:]},
		"a proof by who asked": {`INSERT INTO supportgrant_proof (grant_id, digest, approver, life, nonce, method, phishing_resistant, at)
			SELECT grant_id, digest, approver, life, nonce, method, 0, bw_now() FROM supportgrant_challenge WHERE digest = ?`, a.self.Digest[:]},
		"a challenge used again":     {`UPDATE supportgrant_challenge SET used = NULL WHERE digest = ?`, a.self.Digest[:]},
		"a challenge for another":    {`UPDATE supportgrant_challenge SET approver = 'bob', used = bw_now() WHERE digest = ?`, a.unused.Digest[:]},
		"a challenge that is gone":   {`DELETE FROM supportgrant_challenge WHERE digest = ?`, a.self.Digest[:]},
		"an entry that changes":      {`UPDATE supportgrant_entry SET acted_by = 'eve' WHERE id = ?`, a.entry.ID},
		"an entry that is gone":      {`DELETE FROM supportgrant_entry WHERE id = ?`, a.entry.ID},
		"an entry replaced":          {`INSERT OR REPLACE INTO supportgrant_entry SELECT id, at - 1, kind, grant_id, acted_by, category, resource, columns_read, matched, keys_asked, after_key, most_rows, why FROM supportgrant_entry WHERE id = ?`, a.entry.ID},
		"an entry of no kind":        {`INSERT INTO supportgrant_entry SELECT '` + fresh() + `', at, 'seen', grant_id, acted_by, category, resource, columns_read, matched, keys_asked, after_key, most_rows, why FROM supportgrant_entry WHERE id = ?`, a.entry.ID},
		"a budget given back":        {`UPDATE supportgrant_budget SET taken = 1 WHERE grant_id = ?`, g.ID},
		"a budget that is gone":      {`DELETE FROM supportgrant_budget WHERE grant_id = ?`, g.ID},
		"a note that changes":        {`UPDATE supportgrant_note SET due = due + 1 WHERE key = ?`, "k"},
		"a note that is gone":        {`DELETE FROM supportgrant_note WHERE key = ?`, "k"},
		"a code used again":          {`UPDATE supportgrant_totp SET last_step = 6 WHERE authenticator = ?`, "a"},
		"guesses forgotten":          {`DELETE FROM supportgrant_totp WHERE authenticator = ?`, "a"},
		"a move made possible":       {`INSERT INTO supportgrant_transition VALUES ('denied', ?)`, "approved"},
		"what is excluded forgotten": {`DELETE FROM supportgrant_excluded WHERE name <> ?`, ""},
		"a trigger dropped":          {`DROP TRIGGER supportgrant_entry_stays -- ?`, nil},
	} {
		var err error
		if try.of == nil {
			err = raw(s.ctx, s.db, try.text)
		} else {
			err = raw(s.ctx, s.db, try.text, try.of)
		}
		require.Error(t, err, what)
		require.NotContains(t, err.Error(), "syntax", what)
		require.NotContains(t, err.Error(), "no such", what)
	}
	require.Equal(t, before, s.dump(t))
	// Seen to be able to: an end may come sooner, and a request as good as any is taken.
	require.NoError(t, raw(s.ctx, s.db, grant(`expires = expires - 1`), g.ID))
	require.NoError(t, raw(s.ctx, s.db, add("INSERT", fresh(), ""), "x"))
}

// The families that no category is named after are those of the code.
func TestTheSchemaExcludesWhatTheCodeDoesOnSQLite(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	file, err := parser.ParseFile(token.NewFileSet(), "../excluded.go", nil, 0)
	require.NoError(t, err)
	words := []string{"post", "account", "pinboard", "tokyo", "keyboard", "discard", "x", "monkey"}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if word, err := strconv.Unquote(lit.Value); err == nil && word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789") == "" {
				words = append(words, word)
			}
		}
		return true
	})
	require.Greater(t, len(words), 60)
	refused := func(name string) bool {
		_, err := s.AddGrant(s.ctx, asked(time.Hour, name))
		if err != nil {
			require.ErrorIs(t, err, supportgrant.ErrRefused)
		}
		return err != nil
	}
	for _, w := range words {
		for _, name := range []string{"x" + w + "x", "x_" + w + "_x"} { // inside of a word, and as one
			require.Equal(t, supportgrant.Excluded(name) != "", refused(name), name)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		var b strings.Builder
		for i := range rapid.IntRange(1, 3).Draw(rt, "n") {
			if i > 0 && rapid.Bool().Draw(rt, "apart") {
				b.WriteByte('_')
			}
			b.WriteString(rapid.SampledFrom(words).Draw(rt, "word"))
		}
		name := b.String()
		if len(name) < 3 || len(name) > 32 || name[0] < 'a' {
			return
		}
		require.Equal(t, supportgrant.Excluded(name) != "", refused(name), name)
	})
}

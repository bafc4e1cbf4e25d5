package redact_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/bailiwick-dev/bailiwick/redact"
)

func TestSQLIsJudgedByItsColumns(t *testing.T) {
	t.Parallel()
	l := "[redacted:credential]"
	for _, c := range []struct {
		query string
		args  []any
		want  string
		out   []any
	}{
		{"SELECT id, password FROM users WHERE id = $1 AND name = 'x'", []any{7}, "SELECT id, password FROM users WHERE id = $1 AND name = 'x'", []any{7}},
		{"UPDATE users SET password = $2, name = $3 WHERE id = $1", []any{7, "pw9", "ines"}, "UPDATE users SET password = $2, name = $3 WHERE id = $1", []any{7, l, "ines"}},
		{"update users set password_hash='h', \"Secret\" = 'it''s', pin=1234 where id=9", nil, "update users set password_hash='h', \"Secret\" = '" + l + "', pin='" + l + "' where id=9", nil},
		{"INSERT INTO users (id, email, password) VALUES (?, ?, ?), (2, '" + plantedMail + "', 'pw9')", []any{1, plantedMail, []byte("pw9")},
			"INSERT INTO users (id, email, password) VALUES (?, ?, ?), (2, '[redacted:email]', '" + l + "')", []any{1, "[redacted:email]", []byte(l)}},
		{"INSERT INTO t (a, token) VALUES (lower($1), crypt($2, gen_salt('bf')))", []any{"x", "pw9"}, "INSERT INTO t (a, token) VALUES (lower($1), crypt($2, gen_salt('" + l + "')))", []any{"x", l}},
		{"SELECT 1 WHERE secret = :s AND note = @note", []any{sql.Named("s", "pw9"), sql.Named("note", plantedMail)}, "SELECT 1 WHERE secret = :s AND note = @note",
			[]any{sql.Named("s", l), sql.Named("note", "[redacted:email]")}},
		{"SELECT 1 -- " + plantedMail + "\n/* " + plantedMail + " */", []any{nil, true, 1.5}, "SELECT 1 -- [redacted:email]\n/* [redacted:email] */", []any{nil, true, 1.5}},
		{"SELECT a::text, $$" + plantedMail + "$$ WHERE api_key IN ('a1', 'b2')", nil, "SELECT a::text, $$[redacted:email]$$ WHERE api_key IN ('" + l + "', '" + l + "')", nil},
		{"CREATE USER x IDENTIFIED BY 'pw9'", nil, "CREATE USER x IDENTIFIED BY '" + l + "'", nil},
		{"ALTER ROLE x PASSWORD 'pw9'", nil, "ALTER ROLE x PASSWORD '" + l + "'", nil},
	} {
		q, out := Default().SQL(c.query, c.args...)
		require.Equal(t, c.want, q)
		if c.out == nil {
			c.out = []any{}
		}
		require.Equal(t, c.out, out)
	}
	args := []any{plantedMail}
	Default().SQL("SELECT $1", args...)
	require.Equal(t, plantedMail, args[0])
}

func FuzzSQLAndDSN(f *testing.F) {
	for _, s := range []string{"select 'a", "insert into t (a,b) values (?,?)", "$1$", "\"a", "a=b;c={d", "u:p@tcp(h)/d?x", "e'\\'' $x$ y", "[a", "/*", "--", "=@", "a:b@c=?@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		Default().SQL(s, s, 1)
		Default().DSN(s)
	})
}

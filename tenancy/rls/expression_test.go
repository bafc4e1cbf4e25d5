package rls

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \n\t\r", r) {
			return -1
		}
		return r
	}, s)
}

// FuzzExpressionsAreTakenApartWithoutLoss: whatever the text, joining its tokens gives it back, but for
// the width of space outside quotes, and nothing that looks into an expression panics.
func FuzzExpressionsAreTakenApartWithoutLoss(f *testing.F) {
	for _, s := range []string{
		`(tenant_id = ( SELECT tenancy.id() AS id))`, `((a)::text = E'it''s \\ \'x' OR "we""ird".f(x) @> -1.5e3)`,
		`current_setting('app.x'::text, true) ->> 'k'`, `f(`, `'open`, `"open`, `E'`, `)(`, `a.b.c(d).e`, `::`, "\xff(", `1.2.3`, `$1`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e := lex(s)
		require.Equal(t, squeeze(s), squeeze(e.String()))
		e.literals()
		e.settings()
		for _, c := range e.calls() {
			require.True(t, c.from <= c.open && c.open < c.close && c.close <= len(e))
		}
		same := e.replaceCalls(func(c call) (string, bool) { return "", false })
		require.Equal(t, e.String(), same.String())
		(&catalogue{}).analyse(s)
	})
}

func TestCallsAreFoundWhereTheyAreAndNotInConstants(t *testing.T) {
	t.Parallel()
	e := lex(`((tenant_id = ( SELECT tenancy.id() AS id)) AND ("My".f(tenant_id, 'tenancy.id()') OR current_setting('a.b'::text) = 'x') AND (n)::numeric(10,2) > 1)`)
	var got []string
	for _, c := range e.calls() {
		s := c.schema + "." + c.name
		if c.hoisted {
			s += " hoisted"
		}
		got = append(got, s)
	}
	require.Equal(t, []string{"tenancy.id hoisted", "My.f", ".current_setting"}, got)
	names, computed := e.settings()
	require.Equal(t, []string{"a.b"}, names)
	require.False(t, computed)
	require.Equal(t, []string{"1", "10", "2", "tenancy.id()", "x"}, e.literals())
	_, computed = lex(`current_setting('a' || b)`).settings()
	require.False(t, computed)
	_, computed = lex(`current_setting(b || 'a')`).settings()
	require.True(t, computed)
}

// FuzzNamesAreReadAsSQLReadsThem: a name that is read is written back as one that reads the same.
func FuzzNamesAreReadAsSQLReadsThem(f *testing.F) {
	for _, s := range []string{"note", "app.note", `"A b".c`, `"a""b"."."`, "a.", ".a", `"`, "a..b", "select", "1a", "a b", `""`, "pg_catalog.x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parseName(s)
		if err != nil {
			return
		}
		again, err := parseName(n.String())
		require.NoError(t, err)
		require.Equal(t, n, again)
		require.NotContains(t, n.String(), "\x00")
	})
}

func TestProbesHoldIDsThatTheColumnCanHold(t *testing.T) {
	t.Parallel()
	for _, c := range []column{{Base: "text", Category: "S"}, {Base: "uuid", Category: "U"}, {Base: "bigint", Category: "N"}, {Base: "smallint", Category: "N"},
		{Base: "character varying(63)", Category: "S"}, {Base: "character varying(4)", Category: "S"}, {Base: "character(2)", Category: "S"}} {
		who := idsFor(&c, nil)
		require.NotEqual(t, who.own, who.other)
		require.True(t, c.Base == "bigint" || fits(&c, who.own), c.Base)
		require.True(t, c.Base == "bigint" || fits(&c, who.other), c.Base)
		require.NotContains(t, who.near, who.own)
		require.NotContains(t, who.near, who.other)
	}
}

package rows_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// texts writes a row down.
func texts(r *rows.Row) string {
	var out []string
	for i, v := range r.Values {
		s := "NULL"
		if v != nil {
			s = fmt.Sprintf("%q", v)
		}
		out = append(out, s+" "+string(r.Families[i]))
	}
	return strings.Join(out, "\n")
}

func TestBothWaysOnPostgresGiveTheTextsThatTheServerWrites(t *testing.T) {
	t.Parallel()
	m := people([]dsar.Link{{Columns: []string{"user_id"}, To: "users"}}, "user_id bigint", "a boolean", "b character(5)", "c inet", "d bytea", "e timestamp with time zone", "f interval",
		"g numeric(9,2)", "h double precision", "i jsonb", "j text[]", "k date", "l uuid", "m text", "n json", "o int4range", "p bigint", "q time")
	h := in(t, m, made(m).OnPostgres(t))
	h.fill(t, twoUsers+`
		INSERT INTO ticket (tenant_id, id, user_id, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q) VALUES ({tenant}, 1, 7, true, 'x', '10.0.0.1', '\x00ff', '2026-03-29T01:30:00+02:00', '1 day 02:00', 1.5, 'NaN', '{"a": [1, null]}', '{a,NULL,"b,\""}', 'infinity', '00000000-0000-0000-0000-00000000000a', '', '{ "b":1}', '[1,3)', 9007199254740993, '24:00')
		INSERT INTO ticket (tenant_id, id, user_id) VALUES ({tenant}, 2, 7)`)
	ada := h.resolve(t, user("7"))
	q := rows.Query{Table: "ticket", Part: rows.Owned}
	var native, portable []string
	require.NoError(t, rows.Snapshot(h.ctx, h.DB, func(ctx context.Context) error {
		n, err := ada.Stream(ctx, h.DB, q, func(r *rows.Row) error { native = append(native, texts(r)); return nil })
		require.EqualValues(t, 2, n)
		return err
	}))
	require.NoError(t, rows.Snapshot(h.ctx, h.DB, func(ctx context.Context) error {
		return rows.StreamPortable(ctx, h.DB, ada, q, func(r *rows.Row) error { portable = append(portable, texts(r)); return nil })
	}))
	require.Equal(t, native, portable)
	one := native[0]
	for _, want := range []string{`"t" bool`, `"x    " text`, `"10.0.0.1" other`, `"\\x00ff" bytes`, `"2026-03-28 23:30:00+00" time`, `"P1DT2H" other`, `"1.50" number`, `"NaN" number`, `"{\"a\": [1, null]}" json`,
		`"{a,NULL,\"b,\\\"\"}" array`, `"infinity" time`, `"00000000-0000-0000-0000-00000000000a" uuid`, `"" text`, `"{ \"b\":1}" json`, `"[1,3)" other`, `"9007199254740993" int`, `"24:00:00" time`} {
		require.Contains(t, strings.Split(one, "\n"), want)
	}
	require.Contains(t, native[1], "NULL bool")
	require.Len(t, h.rows.Columns("ticket"), strings.Count(one, "\n")+1)
	require.Equal(t, rows.Column{Name: "a", Type: "boolean", Family: schema.Bool}, h.rows.Columns("ticket")[4])
}

func TestSQLiteGivesEachValueAsWhatItIs(t *testing.T) {
	t.Parallel()
	m := people([]dsar.Link{{Columns: []string{"user_id"}, To: "users"}}, "user_id bigint", "v", "at timestamp", "n numeric", "j json", "y boolean", "c blob")
	h := in(t, m, made(m).OnSQLite(t))
	h.fill(t, twoUsers+`
		INSERT INTO ticket (tenant_id, id, user_id, v, at, n, j, y, c) VALUES ({tenant}, 1, 7, 1, 1700000000000000, 2, '{}', 1, x'00ff')
		INSERT INTO ticket (tenant_id, id, user_id, v, at, n, j, y, c) VALUES ({tenant}, 2, 7, 'ä', '2026-01-02T03:04:05Z', 2.5, 7, 'yes', 'text')
		INSERT INTO ticket (tenant_id, id, user_id, v, at, n, j, y, c) VALUES ({tenant}, 3, 7, CAST(x'ff00' AS TEXT), 1.5, 'x', x'01', NULL, '')
		INSERT INTO ticket (tenant_id, id, user_id, v) VALUES ({tenant}, 4, 7, 9007199254740993), ({tenant}, 5, 7, 1e300), ({tenant}, 6, 7, 9e999)`)
	ada, got := h.resolve(t, user("7")), map[string]string{}
	_, err := ada.Stream(h.ctx, h.DB, rows.Query{Table: "ticket", Part: rows.Owned, Columns: []string{"id", "v", "at", "n", "j", "y", "c"}}, func(r *rows.Row) error {
		id, rest, _ := strings.Cut(texts(r), "\n")
		got[id] = strings.ReplaceAll(rest, "\n", ", ")
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		`"1" int`: `"1" int, "1700000000000000" time, "2" number, "{}" json, "1" bool, "\x00\xff" bytes`,
		`"2" int`: `"ä" text, "2026-01-02T03:04:05Z" time, "2.5" number, "7" int, "yes" text, "text" text`,
		`"3" int`: `"\xff\x00" text, "1.5" time, "x" text, "\x01" bytes, NULL bool, "" text`,
		`"4" int`: `"9007199254740993" int, NULL time, NULL number, NULL json, NULL bool, NULL bytes`,
		`"5" int`: `"1e+300" number, NULL time, NULL number, NULL json, NULL bool, NULL bytes`,
		`"6" int`: `"+Inf" number, NULL time, NULL number, NULL json, NULL bool, NULL bytes`,
	}, got)
}

func TestASnapshotSeesOneMomentWhateverIsWrittenMeanwhile(t *testing.T) {
	onBoth(t, forum(), func(t *testing.T, h *house) {
		h.fill(t, twoUsers+`INSERT INTO ticket (tenant_id, id, user_id) VALUES ({tenant}, 1, 7), ({tenant}, 2, 8)`)
		ada := h.resolve(t, user("7"))
		seen := func(ctx context.Context, table string) (n int) {
			_, err := ada.Stream(ctx, h.DB, rows.Query{Table: table, Part: rows.Owned}, func(*rows.Row) error { n++; return nil })
			require.NoError(t, err)
			return n
		}
		require.NoError(t, rows.Snapshot(h.ctx, h.DB, func(ctx context.Context) error {
			require.Equal(t, 1, seen(ctx, "ticket"))
			// A row moves from one table to the next.
			h.fill(t, `DELETE FROM ticket WHERE id = 1
				INSERT INTO note (tenant_id, id, owner_id, owner_type) VALUES ({tenant}, 1, 7, 'User')`)
			require.Equal(t, 0, seen(ctx, "note"))
			require.Equal(t, 1, seen(ctx, "ticket"))
			return nil
		}))
		require.Equal(t, 1, seen(h.ctx, "note"))
		require.Equal(t, 0, seen(h.ctx, "ticket"))
		if h.PG != nil {
			require.Error(t, h.DB.Read(h.ctx, func(ctx context.Context, _ *sqlx.Tx) error {
				return rows.Snapshot(ctx, h.DB, func(context.Context) error { return nil })
			}), "the transaction around it sees what is committed meanwhile")
		}
	})
}

func TestStreamingReadsWhatIsAskedForAndStopsWhenToldTo(t *testing.T) {
	onBoth(t, forum(), func(t *testing.T, h *house) {
		h.fill(t, twoUsers+`INSERT INTO ticket (tenant_id, id, user_id) VALUES ({tenant}, 1, 7), ({tenant}, 2, 7), ({tenant}, 3, 7), ({tenant}, 4, 8)`)
		ada := h.resolve(t, user("7"))
		enough := errors.New("enough")
		n, err := ada.Stream(h.ctx, h.DB, rows.Query{Table: "ticket", Part: rows.Owned}, func(*rows.Row) error { return enough })
		require.ErrorIs(t, err, enough)
		require.EqualValues(t, 1, n)
		n, err = ada.Stream(h.ctx, h.DB, rows.Query{Table: "ticket", Part: rows.Owned, Columns: []string{"id"}, And: rows.Cond{SQL: "t.id > ?", Args: []any{1}}}, func(r *rows.Row) error {
			require.Len(t, r.Values, 1)
			return nil
		})
		require.NoError(t, err)
		require.EqualValues(t, 2, n)
		n, err = ada.Stream(h.ctx, h.DB, rows.Query{Table: "ticket", Part: rows.CoOwned}, nil)
		require.NoError(t, err)
		require.Zero(t, n)
		for _, q := range []rows.Query{{Table: "nothing"}, {Table: "ticket", Columns: []string{"nothing"}}} {
			_, err = ada.Stream(h.ctx, h.DB, q, nil)
			require.Error(t, err)
		}
		all, err := h.rows.Tenant(h.ctx)
		require.NoError(t, err)
		n, err = all.Count(h.ctx, h.DB, "ticket", rows.Erased)
		require.NoError(t, err)
		require.EqualValues(t, 4, n)
		_, ok := all.Where("ticket", rows.Shared)
		require.False(t, ok)
	})
}

func TestWhoCannotBeResolvedIsAnErrorOfItsOwn(t *testing.T) {
	onBoth(t, forum(), func(t *testing.T, h *house) {
		h.fill(t, twoUsers+`INSERT INTO users (tenant_id, id, email) VALUES ({tenant}, 9, 'eve+a@example.com'), ({tenant}, 10, 'eve+b@example.com')`)
		for want, p := range map[error][]dsar.Person{
			dsar.ErrNobody:    {user("1"), known("nobody@example.com"), known(), {Kind: "user"}},
			rows.ErrKey:       {user("7' OR 1=1"), {Kind: "user", Key: []string{"1", "2"}}, {Kind: "user", Key: []string{}}},
			rows.ErrAmbiguous: {known("eve@example.com"), known("ada@example.com", "bob@example.com")},
		} {
			for _, who := range p {
				want := want
				if want == rows.ErrKey && h.PG == nil && len(who.Key) == 1 {
					want = dsar.ErrNobody // a column of SQLite may hold anything
				}
				_, err := h.rows.Resolve(h.ctx, h.DB, who)
				require.ErrorIs(t, err, want, "%v", who.Key)
				require.NotContains(t, err.Error(), "example")
				if len(who.Key) == 2 {
					require.ErrorContains(t, err, "users has (", "it says which key there is")
				}
			}
		}
		require.NoError(t, h.DB.Tx(h.ctx, func(ctx context.Context, _ *sqlx.Tx) error {
			_, err := h.rows.Resolve(ctx, h.DB, user("1"))
			require.ErrorIs(t, err, dsar.ErrNobody)
			return nil
		}), "it is an answer, and undoes no transaction")
		require.Equal(t, []string{"9"}, h.resolve(t, known("eve+a@example.com")).Person().Key)
		for _, who := range []dsar.Person{{Kind: "robot"}, {Kind: "user", Known: map[string][]string{"shoe size": {"43"}}}} {
			_, err := h.rows.Resolve(h.ctx, h.DB, who)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "43")
		}
	})
	_, err := rows.New(nil, tenantdb.Postgres)
	require.Error(t, err)
}

// Keys of every type lead to what refers to them, also where the two sides are of different types.
func TestKeysOfEveryTypeLeadOn(t *testing.T) {
	for name, c := range map[string]struct{ key, link, one, two, text string }{
		"uuid":           {"uuid | text", "uuid | text", "'00000000-0000-0000-0000-00000000000a'", "'00000000-0000-0000-0000-00000000000b'", "00000000-0000-0000-0000-00000000000a"},
		"uuid as text":   {"uuid | text", "text", "'00000000-0000-0000-0000-00000000000a'", "'00000000-0000-0000-0000-00000000000b'", "00000000-0000-0000-0000-00000000000a"},
		"text as uuid":   {"text", "uuid | text", "'00000000-0000-0000-0000-00000000000a'", "'00000000-0000-0000-0000-00000000000b'", "00000000-0000-0000-0000-00000000000a"},
		"text":           {"character varying(9)", "text", "'it''s \"a\"\\'", "'b'", `it's "a"\`},
		"int":            {"integer", "bigint", "-7", "8", "-7"},
		"int as text":    {"bigint", "text", "7", "8", "7"},
		"int as numeric": {"bigint", "numeric", "7", "8", "7"},
		"numeric":        {"numeric(20,0)", "numeric(20,0)", "12345678901234567890", "8", "12345678901234567890"},
		"bytes":          {"bytea | blob", "bytea | blob", `'\x00ff'`, `'\x01'`, `\x00ff`},
		"date":           {"date | text", "date | text", "'2026-01-02'", "'2026-01-03'", "2026-01-02"},
		"fixed":          {"character(4)", "character(4)", "'a'", "'b'", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			m := people([]dsar.Link{{Columns: []string{"user_id"}, To: "users"}}, "user_id "+c.link)
			p, l, _ := strings.Cut(c.key, " | ")
			if l == "" {
				l = p
			}
			m.Tables[0].Plain[1] = "id " + p + " not null | " + l + " not null"
			m.Tables[0].Links = nil
			onBoth(t, withMessages(m), func(t *testing.T, h *house) {
				if name == "numeric" && h.PG == nil {
					t.Skip("SQLite has no numbers of 20 digits")
				}
				c := c
				if name == "bytes" && h.PG == nil {
					c.one, c.two = "x'00ff'", "x'01'"
				}
				h.fill(t, `INSERT INTO users (tenant_id, id) VALUES ({tenant}, `+c.one+`), ({tenant}, `+c.two+`)
					INSERT INTO ticket (tenant_id, id, user_id) VALUES ({tenant}, 1, `+c.one+`), ({tenant}, 2, `+c.two+`), ({tenant}, 3, NULL)
					INSERT INTO message (tenant_id, id, ticket_id, of) VALUES ({tenant}, 1, 1, NULL), ({tenant}, 2, 2, NULL), ({tenant}, 3, NULL, `+c.one+`), ({tenant}, 4, NULL, `+c.two+`)`)
				s := h.resolve(t, user(c.text))
				require.Equal(t, "1", h.ids(t, s, "ticket", rows.Erased))
				require.Equal(t, "1 3", h.ids(t, s, "message", rows.Erased))
			})
		})
	}
}

// withMessages adds messages of tickets, which also refer to the column user_id of the ticket.
func withMessages(m *dsar.Map) *dsar.Map {
	_, typ, _ := strings.Cut(m.Tables[1].Plain[len(m.Tables[1].Plain)-1], " ")
	m.Tables = append(m.Tables, dsar.Table{Name: "message", Key: []string{"id"}, Purpose: "p",
		Links:   []dsar.Link{{Columns: []string{"ticket_id"}, To: "ticket"}, {Columns: []string{"of"}, To: "ticket", ToColumns: []string{"user_id"}}},
		Columns: []dsar.Column{personal("body text")}, Plain: []string{"tenant_id text not null", "id bigint not null", "ticket_id bigint", "of " + typ}})
	return m
}

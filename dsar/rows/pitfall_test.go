package rows_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/app"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// people is a map of users, and one table that the test says more of.
func people(links []dsar.Link, plain ...string) *dsar.Map {
	m := forum()
	m.Tables[2].Links, m.Tables[2].Plain = links, append([]string{"tenant_id text not null", "id bigint not null"}, plain...)
	m.Tables = []dsar.Table{m.Tables[0], m.Tables[2]}
	return m
}

const twoUsers = `INSERT INTO users (tenant_id, id, email, phone, invited_by, code) VALUES ({tenant}, 7, 'ada@example.com', '+49 151 23', NULL, '00000000-0000-0000-0000-00000000000a'), ({tenant}, 8, 'bob@example.com', '0049-151-99', 7, '00000000-0000-0000-0000-00000000000b')
`

func TestWhatForeignKeysLeadToIsNotTheirs(t *testing.T) {
	onBoth(t, forum(), func(t *testing.T, h *house) {
		// Bob was invited by Ada: his rows are not hers, though keys lead from them to her.
		h.fill(t, twoUsers+`
			INSERT INTO ticket (tenant_id, id, user_id) VALUES ({tenant}, 1, 7), ({tenant}, 2, 8)
			INSERT INTO message (tenant_id, id, ticket_id) VALUES ({tenant}, 1, 1), ({tenant}, 2, 2)`)
		ada := h.resolve(t, user("7"))
		require.Equal(t, "8", h.ids(t, ada, "users", rows.Accessed), "the link is hers to see")
		require.Equal(t, "1", h.ids(t, ada, "ticket", rows.All))
		require.Equal(t, "1", h.ids(t, ada, "message", rows.All))
	})
}

func TestRowsThatAreLinkedByValueAloneAreFound(t *testing.T) {
	onBoth(t, forum(), func(t *testing.T, h *house) {
		h.fill(t, twoUsers+`INSERT INTO invitation (tenant_id, id, email) VALUES ({tenant}, 1, 'ada@example.com'), ({tenant}, 2, 'eve@example.com'), ({tenant}, 3, '')`)
		require.Equal(t, "1", h.ids(t, h.resolve(t, user("7")), "invitation", rows.Owned))
		eve := h.resolve(t, known("eve@example.com"))
		require.Equal(t, "2", h.ids(t, eve, "invitation", rows.Owned), "she has no row of her own")
		require.Nil(t, eve.Person().Key)
		_, ok := eve.Where("ticket", rows.All)
		require.False(t, ok)
	})
}

func TestWhatIdentifiesSomebodyInsideOfJSONIsFound(t *testing.T) {
	links := []dsar.Link{
		{Columns: []string{"a"}, Path: "to[].email", Identifier: "email"},
		{Columns: []string{"b"}, Path: "[].who.ids[]", To: "users"},
		{Columns: []string{"c"}, Path: "it's.id", To: "users"},
		{Columns: []string{"d"}, Path: "[]", To: "users"},
	}
	onBoth(t, people(links, "a json | text", "b jsonb | text", "c text", "d integer[] | text"), func(t *testing.T, h *house) {
		list := "'[7, 9]'"
		if h.PG != nil {
			list = "'{7, 9}'"
		}
		h.fill(t, twoUsers+`
			INSERT INTO ticket (tenant_id, id, a) VALUES ({tenant}, 1, '{"to": [{"email": "x@example.com"}, {"email": "ADA@example.com"}, 3, null]}'), ({tenant}, 2, '{"to": {"email": "ada@example.com"}}'), ({tenant}, 3, '[]'), ({tenant}, 4, '"ada@example.com"')
			INSERT INTO ticket (tenant_id, id, b) VALUES ({tenant}, 5, '[{"who": {"ids": [1, 7]}}]'), ({tenant}, 6, '[{"who": {"ids": ["7"]}}, 5]'), ({tenant}, 7, '[{"who": {"ids": [77]}}]'), ({tenant}, 8, '[7]')
			INSERT INTO ticket (tenant_id, id, c) VALUES ({tenant}, 9, '{"it''s": {"id": 7}}'), ({tenant}, 10, '{"it''s": {"id": [7]}}'), ({tenant}, 11, '{"its": {"id": 7}}')
			INSERT INTO ticket (tenant_id, id, d) VALUES ({tenant}, 12, `+list+`), ({tenant}, 13, NULL)`)
		require.Equal(t, "1 5 6 9 12", h.ids(t, h.resolve(t, user("7")), "ticket", rows.Owned))
	})
	onBothSQLiteOnly(t, people(links, "a text", "b text", "c text", "d text"), func(t *testing.T, h *house) {
		h.fill(t, twoUsers+`INSERT INTO ticket (tenant_id, id, a, b) VALUES ({tenant}, 1, 'no JSON', '{"broken')`)
		require.Empty(t, h.ids(t, h.resolve(t, user("7")), "ticket", rows.Owned), "what is no document holds nothing, and is no error")
	})
}

func onBothSQLiteOnly(t *testing.T, m *dsar.Map, f func(*testing.T, *house)) {
	t.Run("sqlite alone", func(t *testing.T) { f(t, in(t, m, made(m).OnSQLite(t))) })
}

func TestRowsOfTheTeamOfTheSameNumberAreNotTheUsers(t *testing.T) {
	onBoth(t, forum(), func(t *testing.T, h *house) {
		h.fill(t, twoUsers+`INSERT INTO note (tenant_id, id, owner_id, owner_type) VALUES ({tenant}, 1, 7, 'User'), ({tenant}, 2, 7, 'Team'), ({tenant}, 3, 7, NULL), ({tenant}, 4, 7, 'user')`)
		require.Equal(t, "1", h.ids(t, h.resolve(t, user("7")), "note", rows.All))
	})
}

func TestARowHasOneOfTheValuesThatALinkIsFor(t *testing.T) {
	m := forum()
	of := slices.IndexFunc(m.Tables, func(x dsar.Table) bool { return x.Name == "note" })
	m.Tables[of].Links[0].When = append(m.Tables[of].Links[0].When, dsar.When{Column: "owner_type", Value: "App.User"})
	onBoth(t, m, func(t *testing.T, h *house) {
		h.fill(t, twoUsers+`INSERT INTO note (tenant_id, id, owner_id, owner_type) VALUES ({tenant}, 1, 7, 'User'), ({tenant}, 2, 7, 'Team'), ({tenant}, 3, 7, 'App.User'), ({tenant}, 4, 8, 'App.User')`)
		require.Equal(t, "1 3", h.ids(t, h.resolve(t, user("7")), "note", rows.All))
		require.Equal(t, "1 3", h.ids(t, h.resolve(t, user("7")), "note", rows.Erased))
	})
}

func TestWhatIsNamedInsideOfOtherValuesIsFoundForPeopleToLookAt(t *testing.T) {
	onBoth(t, forum(), func(t *testing.T, h *house) {
		h.fill(t, twoUsers+`
			INSERT INTO ticket (tenant_id, id, user_id, body) VALUES ({tenant}, 1, 8, 'write to Ada@Example.com, please'), ({tenant}, 2, 7, 'ada@example.com'), ({tenant}, 3, 8, '7'), ({tenant}, 4, 8, 'bada@example.community'), ({tenant}, 5, 8, 'ada_example.com')
			INSERT INTO event (tenant_id, id, data) VALUES ({tenant}, 1, '{"text": "ada@example.com__bob@example.com"}')`)
		ada := h.resolve(t, user("7"))
		c, ok := ada.Named("ticket")
		require.True(t, ok)
		require.Equal(t, "1 4", h.where(t, "ticket", c), "a linked row is found by its link; a number of one digit is everywhere")
		c, ok = ada.Named("event")
		require.True(t, ok)
		require.Equal(t, "1", h.where(t, "event", c))
	})
}

func TestColumnsOfSQLiteWithoutATypeAreComparedAsWhatTheyHold(t *testing.T) {
	t.Parallel()
	m := people([]dsar.Link{{Columns: []string{"user_id"}, To: "users"}}, "user_id not null")
	m.Tables[0].Plain[1] = "id not null"
	h := in(t, m, made(m).OnSQLite(t))
	h.fill(t, `INSERT INTO users (tenant_id, id) VALUES ({tenant}, 7), ({tenant}, 'seven'), ({tenant}, '8')
		INSERT INTO ticket (tenant_id, id, user_id) VALUES ({tenant}, 1, 7), ({tenant}, 2, '7'), ({tenant}, 3, 'seven'), ({tenant}, 4, 8), ({tenant}, 5, '8'), ({tenant}, 6, 7.5)`)
	require.Equal(t, "1 2", h.ids(t, h.resolve(t, user("7")), "ticket", rows.Owned))
	require.Equal(t, "3", h.ids(t, h.resolve(t, user("seven")), "ticket", rows.Owned))
	require.Equal(t, "4 5", h.ids(t, h.resolve(t, user("8")), "ticket", rows.Owned))
}

func TestRowsOfPartitionsAndOfTablesThatInheritAreFound(t *testing.T) {
	t.Parallel()
	m := people([]dsar.Link{{Columns: []string{"user_id"}, To: "users"}}, "user_id bigint", "at date")
	m.Tables = append(m.Tables, dsar.Table{Name: "archive.Old note", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"ticket"}, To: "ticket"}}, Columns: []dsar.Column{personal("body text")},
		Plain: []string{"tenant_id text not null", "id bigint not null", "ticket bigint"}})
	a := made(m)
	a.Postgres = strings.Replace(a.Postgres, `CREATE TABLE "ticket" (`, `CREATE TABLE "ticket" (CHECK (id > 0), `, 1)
	a.Postgres = strings.Replace(a.Postgres, `"at" date, PRIMARY KEY ("tenant_id", "id"));`, `"at" date) PARTITION BY RANGE (id);
		CREATE TABLE ticket_1 PARTITION OF ticket FOR VALUES FROM (0) TO (10); CREATE TABLE ticket_2 PARTITION OF ticket FOR VALUES FROM (10) TO (20);`, 1)
	a.Postgres += `CREATE TABLE archive.older () INHERITS (archive."Old note");`
	a.Tenants = append(a.Tenants, rls.Table{Name: "ticket_1"}, rls.Table{Name: "ticket_2"}, rls.Table{Name: "archive.older"})
	h := in(t, m, a.OnPostgres(t))
	h.fill(t, twoUsers+`
		INSERT INTO ticket (tenant_id, id, user_id) VALUES ({tenant}, 1, 7), ({tenant}, 12, 7), ({tenant}, 13, 8)
		INSERT INTO archive."Old note" (tenant_id, id, ticket) VALUES ({tenant}, 1, 1), ({tenant}, 2, 13)
		INSERT INTO archive.older (tenant_id, id, ticket) VALUES ({tenant}, 3, 12)`)
	s := h.resolve(t, user("7"))
	require.Equal(t, "1 12", h.ids(t, s, "ticket", rows.Owned))
	require.Equal(t, "1 3", h.ids(t, s, "archive.Old note", rows.Owned))
}

func TestWithoutTheRightTenantItIsAnErrorAndNotNoRows(t *testing.T) {
	onBoth(t, forum(), func(t *testing.T, h *house) {
		h.fill(t, twoUsers+`INSERT INTO ticket (tenant_id, id, user_id) VALUES ({tenant}, 1, 7)`)
		_, err := h.rows.Resolve(context.Background(), h.DB, user("7"))
		require.ErrorIs(t, err, tenancy.ErrNoTenant)
		_, err = h.rows.Tenant(context.Background())
		require.ErrorIs(t, err, tenancy.ErrNoTenant)

		ada, other := h.resolve(t, user("7")), h.Tenant(t)
		for name, ctx := range map[string]context.Context{"none": context.Background(), "another": other} {
			want := tenancy.ErrNoTenant
			if name == "another" {
				want = tenantdb.ErrMismatch
			}
			_, err = ada.Count(ctx, h.DB, "ticket", rows.Owned)
			require.ErrorIs(t, err, want, name)
			_, err = ada.Count(ctx, h.DB, "nothing", rows.Owned)
			require.ErrorIs(t, err, want, name)
			_, err = ada.Stream(ctx, h.DB, rows.Query{Table: "ticket"}, func(*rows.Row) error { return nil })
			require.ErrorIs(t, err, want, name)
		}
		require.NoError(t, h.DB.Read(h.ctx, func(ctx context.Context, _ *sqlx.Tx) error {
			id, err := tenancy.From(other)
			require.NoError(t, err)
			_, err = h.rows.Resolve(tenancy.With(ctx, id), h.DB, user("7"))
			require.Error(t, err, "the transaction is of one tenant, the context of another")
			return nil
		}))
		_, err = h.rows.Resolve(other, h.DB, user("7"))
		require.ErrorIs(t, err, dsar.ErrNobody)
	})
}

func TestTheSameValuesInTwoTenantsAreTwoPeoples(t *testing.T) {
	m := forum()
	onBoth(t, m, func(t *testing.T, h *house) {
		h.fill(t, twoUsers+forumRows)
		ada := h.resolve(t, known("ada@example.com")) // 1: Ada@Example.com is hers by form, 7 is hers by its exact spelling
		require.Equal(t, []string{"7"}, ada.Person().Key)
		if h.PG == nil {
			return
		}
		// Without row-level security, each table in each statement is still the tenant's.
		app.Fill(t, h.Tenant(t), h.World, twoUsers+forumRows)
		one := h.resolve(t, user("1"))
		super := door.OpenSQL(t, h.PG.Admin.DSN)
		for _, table := range m.Tables {
			for p := rows.Owned; p <= rows.All; p++ {
				c, ok := one.Where(table.Name, p)
				if !ok {
					continue
				}
				from := strings.Count(c.SQL, " FROM ") - strings.Count(c.SQL, " FROM z)") - strings.Count(c.SQL, "FROM r") - strings.Count(c.SQL, "FROM jsonb") - strings.Count(c.SQL, "FROM unnest") - strings.Count(c.SQL, "AS z WHERE 1 = 0")
				require.GreaterOrEqual(t, strings.Count(c.SQL, `"tenant_id"`), from, c.SQL)
				var n, all int
				q := "SELECT count(*) FROM " + h.rows.SQL(table.Name) + " AS t WHERE " + c.SQL
				require.NoError(t, super.QueryRow(sqlx.Rebind(sqlx.DOLLAR, q), c.Args...).Scan(&n), q)
				require.NoError(t, h.DB.Read(h.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
					return tx.QueryRow(tx.Rebind(q), c.Args...).Scan(&all)
				}))
				require.Equal(t, all, n, "%s %s", table.Name, p)
			}
		}
	})
}

func TestEverySpellingOfWhatIdentifiesSomebodyIsTheirs(t *testing.T) {
	const nfc, nfd = "jos\u00e9@example.com", "jose\u0301@example.com"
	onBoth(t, forum(), func(t *testing.T, h *house) {
		h.fill(t, `INSERT INTO users (tenant_id, id, email, phone) VALUES ({tenant}, 7, '`+nfc+`', '+49 (151) 23'), ({tenant}, 8, 'jose@example.com', NULL)
			INSERT INTO invitation (tenant_id, id, email) VALUES ({tenant}, 1, '`+nfd+`'), ({tenant}, 2, '`+strings.ToUpper(nfc)+`'), ({tenant}, 3, ' `+strings.Replace(nfd, "@", "+a+b@", 1)+`'), ({tenant}, 4, 'jose@example.com'), ({tenant}, 5, 'JOSE+x@EXAMPLE.com'), ({tenant}, 6, 'before@example.com'), ({tenant}, 7, 'xjose@example.com'), ({tenant}, 8, 'jose@example.com.au')`)
		require.Equal(t, "1 2 3", h.ids(t, h.resolve(t, user("7")), "invitation", rows.Owned))
		require.Equal(t, "4 5", h.ids(t, h.resolve(t, user("8")), "invitation", rows.Owned))
		p := user("7")
		p.Known = map[string][]string{"email": {"Before@example.com"}}
		require.Equal(t, "1 2 3 6", h.ids(t, h.resolve(t, p), "invitation", rows.Owned), "what they were called before")
		p = dsar.Person{Kind: "user", Known: map[string][]string{"phone": {"0049 151-23"}}}
		require.Equal(t, []string{"7"}, h.resolve(t, p).Person().Key)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", h.resolve(t, p), h.resolve(t, p), h.resolve(t, p), h.resolve(t, p)), "jos")
	})
}

func TestWhatTwoPeopleGoByIsBothOfTheirs(t *testing.T) {
	const nfc, nfd = "jos\u00e9@example.com", "jose\u0301@example.com"
	m := people([]dsar.Link{{Columns: []string{"email"}, Identifier: "email"}, {Columns: []string{"other"}, Identifier: "email", Role: dsar.CoOwner, Then: dsar.Null}}, "email text", "other text")
	onBoth(t, m, func(t *testing.T, h *house) {
		h.fill(t, `INSERT INTO users (tenant_id, id, email) VALUES ({tenant}, 1, '`+nfc+`'), ({tenant}, 2, '`+nfd+`'), ({tenant}, 3, 'Bob@Example.com'), ({tenant}, 4, 'eve@example.com')
			INSERT INTO ticket (tenant_id, id, email, other) VALUES ({tenant}, 1, '`+strings.ToUpper(nfc)+`', NULL), ({tenant}, 2, 'eve@example.com', 'bob+1@example.com'), ({tenant}, 3, 'EVE@example.com', 'stranger@example.com'), ({tenant}, 4, 'eve@example.com', 'eve+1@example.com')`)
		jose, eve := h.resolve(t, user("1")), h.resolve(t, user("4"))
		require.Equal(t, "1", h.ids(t, jose, "ticket", rows.Stays))
		require.Equal(t, "2", h.ids(t, eve, "ticket", rows.Stays))
		require.Equal(t, "3 4", h.ids(t, eve, "ticket", rows.Erased), "who has no row is nobody, where people have rows")
		_, err := h.rows.Resolve(h.ctx, h.DB, known("JOS\u00c9@example.com"))
		require.ErrorIs(t, err, rows.ErrAmbiguous)
	})
}

func TestSomebodyWithSeventyThousandRowsThatLeadOnIsOneStatement(t *testing.T) {
	onBoth(t, forum(), func(t *testing.T, h *house) {
		series := "generate_series(1, 70000) i"
		if h.PG == nil {
			series = "(WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM c WHERE i < 70000) SELECT i FROM c)"
		}
		h.fill(t, twoUsers+`
			INSERT INTO ticket (tenant_id, id, user_id) SELECT {tenant}, i, 7 + i % 2 * 0 FROM `+series+`
			INSERT INTO message (tenant_id, id, ticket_id) SELECT {tenant}, i, i FROM `+series)
		h.analyze(t)
		ada := h.resolve(t, user("7"))
		c, _ := ada.Where("message", rows.Owned)
		require.Less(t, len(c.Args), 10)
		n, err := ada.Count(h.ctx, h.DB, "message", rows.Erased)
		require.NoError(t, err)
		require.EqualValues(t, 70000, n)
	})
}

package supportgrantsql_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/stretchr/testify/require"
)

func TestInspectSessionsFindsWhatWasGivenAway(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	owner := door.OpenSQL(t, d.PG.Admin.DSN)
	found := func(t *testing.T) (rules []string) {
		rep, err := supportgrantsql.InspectSessions(t.Context(), owner, d.config)
		require.NoError(t, err)
		for _, f := range rep.Findings {
			rules = append(rules, f.Rule+" "+f.Object)
		}
		return rules
	}
	require.Empty(t, found(t))
	role := d.config.Role
	for _, drift := range []struct{ does, undoes, finds string }{
		{`ALTER ROLE ` + role + ` BYPASSRLS`, `ALTER ROLE ` + role + ` NOBYPASSRLS`, "SGP010 " + role},
		{`GRANT pg_read_all_data TO ` + role, `REVOKE pg_read_all_data FROM ` + role, "SGP011 pg_read_all_data"},
		{`GRANT TEMPORARY ON DATABASE ` + d.PG.Name + ` TO PUBLIC`, `REVOKE TEMPORARY ON DATABASE ` + d.PG.Name + ` FROM PUBLIC`, "SGP012 " + d.PG.Name},
		{`GRANT CREATE ON SCHEMA supportgrant TO ` + role, `REVOKE CREATE ON SCHEMA supportgrant FROM ` + role, "SGP012 supportgrant"},
		{`GRANT SELECT ON desk_other TO PUBLIC`, `REVOKE SELECT ON desk_other FROM PUBLIC`, "SGP013 desk_other.id"},
		{`GRANT SELECT (secret_token) ON desk_post TO ` + role, `REVOKE SELECT (secret_token) ON desk_post FROM ` + role, "SGP013 desk_post.secret_token"},
		{`GRANT SELECT ON desk_view TO ` + role, `REVOKE SELECT ON desk_view FROM ` + role, "SGP013 desk_view.secret_token"},
		{`GRANT UPDATE (title) ON desk_post TO ` + role, `REVOKE UPDATE (title) ON desk_post FROM ` + role, "SGP013 desk_post"},
		{`ALTER TABLE desk_post NO FORCE ROW LEVEL SECURITY`, `ALTER TABLE desk_post FORCE ROW LEVEL SECURITY`, "SGP014 desk_post"},
		{`ALTER POLICY supportgrant_guard ON desk_post RENAME TO gone`, `ALTER POLICY gone ON desk_post RENAME TO supportgrant_guard`, "SGP014 desk_post"},
		{`CREATE FUNCTION public.opens() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM public.desk_post'`, `DROP FUNCTION public.opens()`, "SGP015 opens()"},
		{`ALTER TABLE supportgrant_grant DISABLE TRIGGER supportgrant_sessions`, `ALTER TABLE supportgrant_grant ENABLE TRIGGER supportgrant_sessions`, "SGP016 supportgrant_grant"},
	} {
		d.as(t, d.PG.Admin.DSN, drift.does)
		require.Contains(t, found(t), drift.finds, drift.does)
		d.as(t, d.PG.Admin.DSN, drift.undoes)
		require.Empty(t, found(t), drift.undoes)
	}
	d.as(t, d.PG.Admin.DSN, `ALTER POLICY supportgrant_guard ON desk_post USING (true)`)
	require.Contains(t, found(t), "SGP014 desk_post")
}

func TestSessionSQLRefusesWhatItCannotHold(t *testing.T) {
	t.Parallel()
	good := func() supportgrantsql.Sessions {
		return supportgrantsql.Sessions{Role: "desk", AppRole: "app", Registry: []supportgrant.Resource{deskPosts}}
	}
	_, err := supportgrantsql.SessionSQL(good())
	require.NoError(t, err)
	for name, spoil := range map[string]func(*supportgrantsql.Sessions){
		"no role":            func(c *supportgrantsql.Sessions) { c.Role = "" },
		"a role in quotes":   func(c *supportgrantsql.Sessions) { c.Role = `a" SUPERUSER` },
		"the application's":  func(c *supportgrantsql.Sessions) { c.Role = "app" },
		"no registry":        func(c *supportgrantsql.Sessions) { c.Registry = nil },
		"two of one table":   func(c *supportgrantsql.Sessions) { c.Registry = append(c.Registry, deskPosts) },
		"a table in quotes":  func(c *supportgrantsql.Sessions) { c.Registry[0].Table = `x"; DROP TABLE y; --` },
		"a column in quotes": func(c *supportgrantsql.Sessions) { c.Registry[0].Columns = []string{`x"`} },
		"a secret":           func(c *supportgrantsql.Sessions) { c.Registry[0].Columns = []string{"secret_token"} },
		"no category":        func(c *supportgrantsql.Sessions) { c.Registry[0].Category = supportgrant.Category{} },
		"a condition on bytes": func(c *supportgrantsql.Sessions) {
			c.Registry[0].Where = []supportgrant.Condition{supportgrant.Is("x", []byte{1})}
		},
		"a tenant that is none": func(c *supportgrantsql.Sessions) { c.TenantColumn = "a b" },
	} {
		c := good()
		c.Registry = append([]supportgrant.Resource{}, c.Registry...)
		spoil(&c)
		_, err := supportgrantsql.SessionSQL(c)
		require.Error(t, err, name)
	}
	c := good()
	c.Registry = []supportgrant.Resource{deskPosts}
	c.Registry[0].Where = []supportgrant.Condition{supportgrant.Is("title", `it's \ 1`)}
	text, err := supportgrantsql.SessionSQL(c)
	require.NoError(t, err)
	require.Contains(t, text, `"title" =  E'it''s \\ 1'`)
}

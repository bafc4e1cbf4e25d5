package schema_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
)

func open(t testing.TB, driver, dsn, ddl string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.Exec(ddl)
	require.NoError(t, err)
	return db
}

func TestSQLiteIsReadAsItIs(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite", filepath.Join(t.TempDir(), "a.db"), `
		CREATE TABLE "Users" (id INTEGER PRIMARY KEY, email VARCHAR(80) NOT NULL UNIQUE, handle, lower_email TEXT AS (lower(email)) STORED);
		CREATE TABLE post (a TEXT, b TEXT, user_id BIGINT NOT NULL REFERENCES users ON DELETE CASCADE, body CLOB DEFAULT '', PRIMARY KEY (b, a));
		CREATE TABLE mark (x TEXT, y TEXT, n UUID, FOREIGN KEY (y, x) REFERENCES post (b, a));
		CREATE INDEX mark_part ON mark (x) WHERE y IS NOT NULL;
		CREATE INDEX mark_expr ON mark (lower(x), y);
		CREATE VIRTUAL TABLE found USING fts5(body);
		CREATE VIEW v AS SELECT * FROM post;
		CREATE TRIGGER tr AFTER DELETE ON post BEGIN SELECT 1; END;`)
	d, err := schema.Read(context.Background(), db)
	require.NoError(t, err)
	require.Equal(t, schema.SQLite, d.Dialect)
	var names []string
	for _, x := range d.Tables {
		names = append(names, x.Name)
	}
	require.Equal(t, []string{"Users", "found", "mark", "post"}, names)
	users, post, mark := d.Table("Users"), d.Table("post"), d.Table("mark")
	require.Equal(t, &schema.Column{Name: "email", Type: "varchar(80)", Family: schema.Text, NotNull: true}, users.Column("email"))
	require.Equal(t, schema.Any, users.Column("handle").Family)
	require.True(t, users.Column("lower_email").Generated)
	require.True(t, users.IsUnique([]string{"id"}))
	require.True(t, users.IsUnique([]string{"email"}))
	require.False(t, users.IsUnique([]string{"handle"}))
	require.True(t, users.Finds([]string{"id"}), "a rowid is an index of its own")
	require.Equal(t, []string{"b", "a"}, post.Key)
	require.Equal(t, []schema.ForeignKey{{Columns: []string{"user_id"}, To: "Users", ToCols: []string{"id"}, OnDelete: schema.Cascade}}, post.Foreign)
	require.Equal(t, []string{"tr"}, post.Triggers)
	require.False(t, post.Finds([]string{"user_id"}))
	require.True(t, post.Finds([]string{"a", "b"}))
	require.Equal(t, []string{"y", "x"}, mark.Foreign[0].Columns)
	require.False(t, mark.Finds([]string{"x"}), "neither index serves it")
	require.Equal(t, schema.UUID, mark.Column("n").Family)
	require.Equal(t, schema.Virtual, d.Table("found").Kind)
}

func TestPostgresIsReadAsItIs(t *testing.T) {
	t.Parallel()
	db := open(t, "pgx", dbtest.Postgres(t).Admin.DSN, `
		CREATE SCHEMA app;
		CREATE DOMAIN mail AS text CHECK (VALUE <> '');
		CREATE TYPE mood AS ENUM ('ok');
		CREATE TABLE "Users" (tenant uuid, id bigint GENERATED ALWAYS AS IDENTITY, email mail NOT NULL, m mood, tags varchar(9)[], low text GENERATED ALWAYS AS (tags[1]) STORED,
			PRIMARY KEY (tenant, id), UNIQUE (email));
		CREATE TABLE app.post (id int PRIMARY KEY, tenant uuid, author bigint, at timestamptz NOT NULL, "a.b" jsonb,
			FOREIGN KEY (tenant, author) REFERENCES "Users" ON DELETE SET NULL);
		CREATE TABLE parted (id int, at date, u text) PARTITION BY RANGE (at);
		CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
		CREATE INDEX ON parted (u);
		CREATE MATERIALIZED VIEW stats AS SELECT count(*) AS n FROM app.post;
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
		CREATE TRIGGER tr BEFORE UPDATE ON app.post FOR EACH ROW EXECUTE FUNCTION f();`)
	d, err := schema.Read(context.Background(), db)
	require.NoError(t, err)
	require.Equal(t, schema.Postgres, d.Dialect)
	require.NotEmpty(t, d.Name)
	require.False(t, d.LargeObjects)
	var names []string
	for _, x := range d.Tables {
		names = append(names, x.Name)
	}
	require.Equal(t, []string{"Users", "app.post", "parted", "stats"}, names)
	users, post := d.Table("Users"), d.Table("app.post")
	require.Equal(t, &schema.Column{Name: "email", Type: "mail", Family: schema.Text, NotNull: true}, users.Column("email"))
	require.Equal(t, schema.Enum, users.Column("m").Family)
	require.Equal(t, schema.Array, users.Column("tags").Family)
	require.Equal(t, schema.Text, users.Column("tags").Element)
	require.True(t, users.Column("low").Generated)
	require.True(t, users.Column("id").Default)
	require.Equal(t, []string{"tenant", "id"}, users.Key)
	require.Equal(t, "Users", post.Foreign[0].To)
	require.Equal(t, []string{"tenant", "author"}, post.Foreign[0].Columns)
	require.Equal(t, []string{"tenant", "id"}, post.Foreign[0].ToCols)
	require.Equal(t, schema.SetNull, post.Foreign[0].OnDelete)
	require.Equal(t, []string{"tr"}, post.Triggers)
	require.Equal(t, schema.JSON, post.Column("a.b").Family)
	require.True(t, d.Table("parted").Finds([]string{"u"}))
	require.Equal(t, schema.Materialized, d.Table("stats").Kind)
	require.Equal(t, `"app"."post"`, d.SQL("app.post"))

	tx, err := db.Begin()
	require.NoError(t, err)
	defer tx.Rollback()
	_, err = schema.Read(context.Background(), tx)
	require.NoError(t, err)
	_, err = tx.Exec("SELECT 1")
	require.NoError(t, err, "reading has ended the transaction it was given")
}

func TestTypesOfBothDialectsHaveAFamily(t *testing.T) {
	t.Parallel()
	for typ, want := range map[string]schema.Family{
		"": schema.Any, "bigint": schema.Int, "INT UNSIGNED": schema.Int, "tinyint(1)": schema.Bool, "tinyint": schema.Int,
		"interval": schema.Other, "int4range": schema.Other, "numeric(12, 0)": schema.Int, "numeric(12,2)": schema.Number,
		"numeric": schema.Number, "character varying(9)": schema.Text, "citext": schema.Text, "char(36)": schema.Text,
		"uuid": schema.UUID, "timestamp without time zone": schema.Time, "datetime": schema.Time, "jsonb": schema.JSON,
		"bytea": schema.Bytes, "text[]": schema.Array, "double precision": schema.Number, "enum('a')": schema.Enum, "bool": schema.Bool,
	} {
		require.Equal(t, want, schema.FamilyOf(typ), typ)
	}
}

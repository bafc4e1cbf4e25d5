package dsar_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

func TestTablesAreSeenWithWhatTheMapLeavesOutFilledIn(t *testing.T) {
	t.Parallel()
	c, err := desk().Compile()
	require.NoError(t, err)
	require.Equal(t, "users", c.TableNames()[0])
	message, ok := c.Table("message")
	require.True(t, ok)
	require.Equal(t, "tenant_id", message.TenantColumn)
	require.Equal(t, []string{"tenant_id", "id"}, message.Ties[0].Targets, "the key of ticket")
	var names []string
	for _, f := range message.Fields {
		names = append(names, f.Name)
	}
	require.Equal(t, []string{"body", "meta", "tenant_id", "id", "ticket_id"}, names)
	meta, ok := message.Field("meta")
	require.True(t, ok)
	require.NotNil(t, meta.Column)
	require.True(t, meta.Nullable)
	id, _ := message.Field("id")
	require.False(t, id.Nullable)
	require.Nil(t, id.Column)
	require.Equal(t, "bigint", id.Type(schema.Postgres))
	category, _ := c.Table("category")
	require.Empty(t, category.TenantColumn)
	invitation, _ := c.Table("invitation")
	require.Equal(t, []string{"user"}, invitation.Ties[0].Kinds)
	_, ok = c.Table("nothing")
	require.False(t, ok)
	_, ok = message.Field("nothing")
	require.False(t, ok)
	user, ok := c.Subject("user")
	require.True(t, ok)
	email, ok := user.Identifier("email")
	require.True(t, ok)
	require.Equal(t, dsar.Email, email.Form)
}

func TestOfTwoTypesEachDatabaseHasItsOwn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		types    []string
		pg, lite string
	}{
		{nil, "", ""}, {[]string{"bigint"}, "bigint", "bigint"}, {[]string{"bigint", "integer"}, "bigint", "integer"}, {[]string{"jsonb", "text"}, "jsonb", "text"},
		{[]string{"text", "jsonb"}, "jsonb", "text"}, {[]string{"bigint[]", "text"}, "bigint[]", "text"}, {[]string{"bytea", "blob"}, "bytea", "blob"},
		{[]string{"timestamp with time zone", "text"}, "timestamp with time zone", "text"}, {[]string{"uuid", "blob"}, "uuid", "blob"},
	} {
		f := dsar.Field{Types: c.types}
		require.Equal(t, c.pg, f.Type(schema.Postgres), c.types)
		require.Equal(t, c.lite, f.Type(schema.SQLite), c.types)
	}
}

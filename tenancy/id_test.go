package tenancy_test

import (
	"database/sql"
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	_ encoding.TextMarshaler   = tenancy.ID{}
	_ encoding.TextUnmarshaler = (*tenancy.ID)(nil)
	_ driver.Valuer            = tenancy.ID{}
	_ sql.Scanner              = (*tenancy.ID)(nil)
)

func TestParseIDTakesLabelsAndUUIDs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a": "a", "0": "0", "acme": "acme", "acme-2_b": "acme-2_b", "a-": "a-", "nulls": "nulls",
		strings.Repeat("x", 63):                "" + strings.Repeat("x", 63),
		"0192d2f0-0000-7000-8000-000000000001": "0192d2f0-0000-7000-8000-000000000001",
		"0192D2F0-ABCD-7000-8000-00000000000F": "0192d2f0-abcd-7000-8000-00000000000f",
	} {
		id, err := tenancy.ParseID(in)
		require.NoError(t, err, in)
		require.Equal(t, want, id.String())
		require.Equal(t, id, tenancy.MustParseID(in))
	}
	for _, in := range []string{
		"", " ", "-a", "_a", "Acme", "a b", "a.b", "a/b", "..", "a\x00", "a\n", "é", "a%2f", "'; DROP", "a'--", "*", "a:b",
		strings.Repeat("x", 64), "0192D2F0-ABCD-7000-8000-00000000000G", "{192d2f0-abcd-7000-8000-00000000000}",
		"urn:uuid:0192d2f0-0000-7000-8000-000000000001", "0192D2F0ABCD7000800000000000000F",
		"00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
		"null", "nil", "none", "undefined", "nan", "true", "false", "all", "any", "default", "public", "system", "root",
		"postgres", "global", "tenancy",
	} {
		id, err := tenancy.ParseID(in)
		require.ErrorIs(t, err, tenancy.ErrMalformedID, "%q", in)
		require.True(t, id.IsZero())
		if len(in) > 4 {
			require.NotContains(t, strings.TrimPrefix(err.Error(), "tenancy: "), in, "an error does not repeat its input")
		}
		require.Panics(t, func() { tenancy.MustParseID(in) })
	}
}

var wellFormed = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

func checkParse(t require.TestingT, s string) {
	id, err := tenancy.ParseID(s)
	if err != nil {
		require.ErrorIs(t, err, tenancy.ErrMalformedID)
		require.True(t, id.IsZero())
		return
	}
	require.Regexp(t, wellFormed, id.String())
	require.Equal(t, strings.ToLower(s), id.String())
	again, err := tenancy.ParseID(id.String())
	require.NoError(t, err)
	require.Equal(t, id, again)
}

func TestAnIDThatExistsIsWellFormedAndComesBackFromAnyEncoding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkParse(t, rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zA-Z0-9_-]{0,65}`)).Draw(t, "text"))
		id := tenancy.MustParseID(rapid.StringMatching(`[a-z][a-z0-9_-]{0,20}[0-9]`).Draw(t, "id"))
		text, err := json.Marshal(map[tenancy.ID]tenancy.ID{id: id})
		require.NoError(t, err)
		var back map[tenancy.ID]tenancy.ID
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, map[tenancy.ID]tenancy.ID{id: id}, back)
		v, err := id.Value()
		require.NoError(t, err)
		for _, src := range []any{v, []byte(v.(string))} {
			var scanned tenancy.ID
			require.NoError(t, scanned.Scan(src))
			require.Equal(t, id, scanned)
		}
	})
}

func TestTheZeroIDIsNeverWritten(t *testing.T) {
	t.Parallel()
	var zero tenancy.ID
	require.True(t, zero.IsZero())
	require.Empty(t, zero.String())
	_, err := zero.Value()
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = zero.MarshalText()
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = json.Marshal(struct{ Tenant tenancy.ID }{})
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
}

func TestWhatIsNoIDDoesNotOverwriteOne(t *testing.T) {
	t.Parallel()
	u := uuid.MustParse("0192d2f0-0000-7000-8000-000000000001")
	id := acme
	require.NoError(t, id.Scan([16]byte(u)))
	require.Equal(t, u.String(), id.String())
	for _, src := range []any{nil, "", "Bad", []byte("a b"), []byte{}, 7, 1.5, true, [16]byte{}, "null"} {
		require.ErrorIs(t, id.Scan(src), tenancy.ErrMalformedID, "%v", src)
		require.Equal(t, u.String(), id.String())
	}
	require.ErrorIs(t, json.Unmarshal([]byte(`""`), &id), tenancy.ErrMalformedID)
	require.Error(t, json.Unmarshal([]byte(`{"s":"acme"}`), &id))
	require.Equal(t, u.String(), id.String())
}

func TestNewIDsAreDistinctAndOrdered(t *testing.T) {
	t.Parallel()
	last := ""
	for range 1000 {
		id := tenancy.NewID()
		require.Greater(t, id.String(), last)
		last = id.String()
		require.Equal(t, uuid.Version(7), uuid.MustParse(last).Version())
	}
}

func FuzzParseID(f *testing.F) {
	for _, s := range []string{"acme", "", "-a", "0192D2F0-ABCD-7000-8000-00000000000F", "null", "é", "a\x00b", strings.Repeat("a", 64)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkParse(t, s) })
}

func FuzzUnmarshalText(f *testing.F) {
	for _, s := range []string{"acme", "", "NULL", "0192D2F0-ABCD-7000-8000-00000000000F", "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		id := acme
		if err := id.UnmarshalText(b); err != nil {
			require.ErrorIs(t, err, tenancy.ErrMalformedID)
			require.Equal(t, acme, id)
			return
		}
		out, err := id.MarshalText()
		require.NoError(t, err)
		require.Equal(t, strings.ToLower(string(b)), string(out))
	})
}

package supportgrant

import (
	"encoding/base64"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestACursorIsTheKeyItWasMadeOf(t *testing.T) {
	t.Parallel()
	for _, key := range [][]any{{int64(-1)}, {"a", int64(math.MaxInt64)}, {""}, {[]byte{0, 255}, 1.5, math.Inf(-1)}, {time.UnixMicro(1234567).UTC(), "ü\x00"}} {
		got, err := cursorOf(key).key(len(key))
		require.NoError(t, err)
		require.Equal(t, key, got)
		_, err = cursorOf(key).key(len(key) + 1)
		require.ErrorIs(t, err, ErrInvalid)
	}
	none, err := Cursor("").key(1)
	require.NoError(t, err)
	require.Nil(t, none)
	require.Empty(t, cursorOf([]any{true}))
	place := Place{time.UnixMicro(99).UTC(), uuid.New()}
	got, err := cursorAfter(place).place()
	require.NoError(t, err)
	require.Equal(t, place, got)
}

func FuzzCursor(f *testing.F) {
	f.Add(string(cursorOf([]any{"a", int64(1), 1.5, []byte("b"), time.UnixMicro(7)})))
	f.Add(string(cursorAfter(Place{time.UnixMicro(7), uuid.New()})))
	f.Add(base64.RawURLEncoding.EncodeToString([]byte{1, 's', 255, 255, 255, 255}))
	f.Fuzz(func(t *testing.T, s string) {
		for n := range 4 {
			if key, err := Cursor(s).key(n); err == nil && s != "" {
				again, err := cursorOf(key).key(n)
				require.NoError(t, err)
				require.Len(t, again, n)
			}
		}
		if p, err := LogCursor(s).place(); err == nil && s != "" {
			_, err := cursorAfter(p).place()
			require.NoError(t, err)
		}
	})
}

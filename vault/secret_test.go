package vault

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/stretchr/testify/require"
)

var slackBot = Ref{Purpose: "slack", ID: "bot"}

// used returns what Use lends.
func used(ctx context.Context, v *Vault, r Ref) (got string, err error) {
	err = v.Use(ctx, r, func(secret []byte) error { got = string(secret); return nil })
	return got, err
}

func TestASecretIsReplacedUsedAndNeverRead(t *testing.T) {
	t.Parallel()
	ctx, keeper, store := as(t, "alpha"), newKeeper(t), NewMemory()
	v := open(t, store, keeper, Options{})
	_, err := used(ctx, v, slackBot)
	require.ErrorIs(t, err, ErrNotFound)
	require.NoError(t, v.Put(ctx, slackBot, text("xoxb-first"), Policy{}))
	first, err := v.Info(ctx, slackBot)
	require.NoError(t, err)
	require.EqualValues(t, 1, first.Version)
	require.NoError(t, v.Put(ctx, slackBot, text("xoxb-second"), Policy{}))
	second, err := v.Info(ctx, slackBot)
	require.NoError(t, err)
	require.EqualValues(t, 2, second.Version)
	require.NotEqual(t, first.Fingerprint, second.Fingerprint)
	require.Equal(t, first.Created, second.Created)
	got, err := used(ctx, open(t, store, keeper, Options{}), slackBot)
	require.NoError(t, err)
	require.Equal(t, "xoxb-second", got)
	info, err := v.Info(ctx, slackBot)
	require.NoError(t, err)
	require.False(t, info.Used.IsZero())
	_, err = used(as(t, "beta"), v, slackBot)
	require.ErrorIs(t, err, ErrNotFound)
	require.NoError(t, v.Remove(ctx, slackBot, audit.Party{}))
	_, err = used(ctx, v, slackBot)
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorIs(t, v.Remove(ctx, slackBot, audit.Party{}), ErrNotFound)
	for _, bad := range []string{"", strings.Repeat("x", maxSecret+1)} {
		require.Error(t, v.Put(ctx, slackBot, text(bad), Policy{}))
	}
	for _, bad := range []Ref{{}, {Purpose: "x"}, {ID: "x"}, {Purpose: "a\x00", ID: "b"}, {Purpose: "\xff", ID: "b"}, {Purpose: "a", ID: strings.Repeat("x", 256)}} {
		require.ErrorIs(t, v.Put(ctx, bad, text("x"), Policy{}), ErrRef)
	}
}

// Who can write to the table cannot make an old secret, or that of another place or person, the one of this place.
func TestAStoredSecretIsOfNoUseElsewhere(t *testing.T) {
	t.Parallel()
	ctx, store := as(t, "alpha"), NewMemory()
	v := open(t, store, newKeeper(t), Options{})
	put := func(r Ref) StoredSecret {
		require.NoError(t, v.Put(ctx, r, text("secret of "+r.ID), Policy{}))
		s, err := store.Secret(ctx, r.Purpose, r.ID)
		require.NoError(t, err)
		return s
	}
	rows := []StoredSecret{put(slackBot), put(slackBot), put(Ref{Purpose: "slack", ID: "other"}), put(Ref{Purpose: "stripe", ID: "bot"}),
		put(Ref{Purpose: "google", ID: "1", Subject: "user:1"}), put(Ref{Purpose: "google", ID: "2", Subject: "user:2"})}
	for i, into := range rows {
		for j, from := range rows {
			forged := into
			forged.Sealed = from.Sealed
			err := v.useVersion(ctx, forged, func([]byte) error { return nil })
			if i == j {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, ErrNotAuthentic)
			}
		}
	}
	stolen := rows[4]
	stolen.Subject = rows[5].Subject
	require.ErrorIs(t, v.useVersion(ctx, stolen, func([]byte) error { return nil }), ErrNotAuthentic)
	_, err := used(ctx, v, Ref{Purpose: "google", ID: "1", Subject: "user:2"})
	require.ErrorIs(t, err, ErrNotAuthentic)
	_, err = v.Shred(ctx, Shredding{Subject: "user:1", Basis: "GDPR Art. 17"})
	require.NoError(t, err)
	_, err = used(ctx, v, Ref{Purpose: "google", ID: "1"})
	require.ErrorIs(t, err, ErrShredded)
}

func TestLentBytesAreClearedAlsoAfterAnErrorAndAPanic(t *testing.T) {
	t.Parallel()
	ctx := as(t, "alpha")
	v := open(t, NewMemory(), newKeeper(t), Options{})
	require.NoError(t, v.Put(ctx, slackBot, text("xoxb-first"), Policy{}))
	var kept []byte
	keep := func(end func() error) func([]byte) error {
		return func(secret []byte) error {
			require.Equal(t, "xoxb-first", string(secret))
			kept = secret
			return end()
		}
	}
	failed := errors.New("failed")
	require.NoError(t, v.Use(ctx, slackBot, keep(func() error { return nil })))
	require.Equal(t, make([]byte, 10), kept)
	require.Equal(t, failed, v.Use(ctx, slackBot, keep(func() error { return failed })))
	require.Equal(t, make([]byte, 10), kept)
	require.PanicsWithValue(t, 42, func() { _ = v.Use(ctx, slackBot, keep(func() error { panic(42) })) })
	require.Equal(t, make([]byte, 10), kept)
}

func TestNoErrorAndNoPanicHasTheSecret(t *testing.T) {
	t.Parallel()
	ctx := as(t, "alpha")
	v := open(t, NewMemory(), newKeeper(t), Options{})
	for _, secret := range []string{"sk_live_4eC39HqLyjWDarjtT1zdp7dc", `p"ss\w&rd <é> %41/+?`, "short", "\x00\x01\xfe\xff binary"} {
		require.NoError(t, v.Put(ctx, slackBot, text(secret), Policy{}))
		js, err := json.Marshal(secret)
		require.NoError(t, err)
		for name, form := range map[string]string{
			"raw": secret, "base64": base64.StdEncoding.EncodeToString([]byte(secret)), "base64url": base64.RawURLEncoding.EncodeToString([]byte(secret)),
			"basic": base64.StdEncoding.EncodeToString([]byte("user:" + secret)), "basic, two more": base64.StdEncoding.EncodeToString([]byte("user42:" + secret + "x")),
			"hex": hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))),
			"query": url.QueryEscape(secret), "path": url.PathEscape(secret), "json": string(js), "quoted": fmt.Sprintf("%q", secret), "bytes": fmt.Sprint([]byte(secret)),
		} {
			inner := &url.Error{Op: "Get", URL: "https://example.com/?k=" + form, Err: io.ErrUnexpectedEOF}
			err := v.Use(ctx, slackBot, func([]byte) error { return fmt.Errorf("calling: %w", inner) })
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, name)
			require.ErrorIs(t, err, ErrScrubbed, name)
			var had *url.Error
			require.False(t, errors.As(err, &had), name)
			for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%x"} {
				said := fmt.Sprintf(verb, err)
				require.NotContains(t, said, strings.Trim(form, `"[]`), name)
				for _, f := range forms([]byte(secret)) {
					require.NotContains(t, said, f, name)
				}
			}
			func() {
				defer func() {
					said := fmt.Sprint(recover())
					require.NotContains(t, said, strings.Trim(form, `"[]`), name)
				}()
				_ = v.Use(ctx, slackBot, func([]byte) error { panic("cannot use " + form) })
			}()
		}
	}
}

func TestPutsAtOnceLeaveOneWholeSecret(t *testing.T) {
	t.Parallel()
	ctx, store := as(t, "alpha"), NewMemory()
	v := open(t, store, newKeeper(t), Options{})
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if err := v.Put(ctx, slackBot, text(fmt.Sprint("secret ", i)), Policy{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	info, err := v.Info(ctx, slackBot)
	require.NoError(t, err)
	require.EqualValues(t, 20, info.Version)
	got, err := used(ctx, v, slackBot)
	require.NoError(t, err)
	require.Contains(t, got, "secret ")
}

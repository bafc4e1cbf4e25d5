package vault

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/stretchr/testify/require"
)

func TestAnotherKeeperOpensNothingAndWritesNothing(t *testing.T) {
	t.Parallel()
	ctx, store, keeper := context.Background(), NewMemory(), newKeeper(t)
	open(t, store, keeper, Options{})
	before, _, err := store.Roots(ctx)
	require.NoError(t, err)
	_, err = Open(ctx, store, newKeeper(t), Options{})
	require.ErrorIs(t, err, ErrRoot)
	require.ErrorIs(t, err, ErrKeeper)
	require.ErrorContains(t, err, keeper.(localKeeper).key.id.String(), "it names the key that is needed")
	after, _, err := store.Roots(ctx)
	require.NoError(t, err)
	require.Equal(t, before, after)
	open(t, store, newKeeper(t), Options{Previous: keeper})
}

// impostor decrypts anything to the same bytes, as a misconfigured keeper might.
type impostor struct{ Keeper }

func (impostor) Decrypt(context.Context, []byte) ([]byte, error) { return make([]byte, 32), nil }

func TestWhatAKeeperSaysIsCheckedAgainstTheRootsName(t *testing.T) {
	t.Parallel()
	store, keeper := NewMemory(), newKeeper(t)
	open(t, store, keeper, Options{})
	_, err := Open(context.Background(), store, impostor{keeper}, Options{})
	require.ErrorIs(t, err, ErrRoot)
	require.ErrorIs(t, err, ErrNotAuthentic)
}

func TestKeysOfKeepers(t *testing.T) {
	key := NewKey().Reveal()
	write := func(content string) string {
		path := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	for name, content := range map[string]string{"base64": key, "with a newline": key + "\n", "without padding": strings.TrimRight(key, "="),
		"hexadecimal": strings.Repeat("0f", 32)} {
		_, err := KeyFromFile(write(content))
		require.NoError(t, err, name)
	}
	for name, content := range map[string]string{"empty": "", "truncated": key[:40], "too long": key + key, "a passphrase": "correct horse battery staple",
		"hexadecimal of 16 bytes": strings.Repeat("0f", 16)} {
		_, err := KeyFromFile(write(content))
		require.ErrorIs(t, err, ErrKeeper, name)
		if content != "" {
			require.NotContains(t, err.Error(), content)
		}
	}
	_, err := KeyFromFile(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, ErrKeeper)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = KeyFromEnv("BAILIWICK_NO_SUCH_KEY")
	require.ErrorIs(t, err, ErrKeeper)
	t.Setenv("BAILIWICK_VAULT_KEY", key)
	_, err = KeyFromEnv("BAILIWICK_VAULT_KEY")
	require.NoError(t, err)
	_, err = KeyFrom(redact.NewSecret(key))
	require.NoError(t, err)
	_, err = KeyFrom(redact.NewSecret("blue-horse"))
	require.ErrorIs(t, err, ErrKeeper)
	require.NotContains(t, err.Error(), "blue-horse")
}

func TestAPassphraseIsAKeeper(t *testing.T) {
	t.Parallel()
	ctx, store, salt := context.Background(), NewMemory(), []byte("0123456789abcdef")
	keeper, err := KeyFromPassphrase(text("correct horse battery staple"), salt)
	require.NoError(t, err)
	open(t, store, keeper, Options{})
	same, err := KeyFromPassphrase(text("correct horse battery staple"), salt)
	require.NoError(t, err)
	open(t, store, same, Options{})
	for _, other := range []struct{ passphrase, salt string }{{"correct horse battery stable", "0123456789abcdef"}, {"correct horse battery staple", "0123456789abcdeF"}} {
		keeper, err := KeyFromPassphrase(text(other.passphrase), []byte(other.salt))
		require.NoError(t, err)
		_, err = Open(ctx, store, keeper, Options{})
		require.ErrorIs(t, err, ErrRoot)
	}
	_, err = KeyFromPassphrase(text("short"), salt)
	require.ErrorIs(t, err, ErrKeeper)
	_, err = KeyFromPassphrase(text("correct horse battery staple"), salt[:8])
	require.ErrorIs(t, err, ErrKeeper)
}

// outage is a keeper that can be down, and counts what it is asked.
type outage struct {
	Keeper
	down  bool
	asked int
}

var errDown = errors.New("down")

func (o *outage) Encrypt(ctx context.Context, b []byte) ([]byte, error) {
	if o.asked++; o.down {
		return nil, errDown
	}
	return o.Keeper.Encrypt(ctx, b)
}

func (o *outage) Decrypt(ctx context.Context, b []byte) ([]byte, error) {
	if o.asked++; o.down {
		return nil, errDown
	}
	return o.Keeper.Decrypt(ctx, b)
}

func TestAnOpenVaultGoesOnWithoutItsKeeper(t *testing.T) {
	t.Parallel()
	store, keeper := NewMemory(), &outage{Keeper: newKeeper(t)}
	open(t, store, keeper, Options{})
	keeper.asked = 0
	v := open(t, store, keeper, Options{})
	require.Equal(t, 1, keeper.asked)
	keeper.down = true
	for _, tenant := range []string{"alpha", "beta"} { // also ones that have no key yet
		require.NoError(t, v.Put(as(t, tenant), slackBot, text("secret"), Policy{}))
		require.NoError(t, v.RotateTenantKey(as(t, tenant), Rotation{}))
		_, err := used(as(t, tenant), v, slackBot)
		require.NoError(t, err)
	}
	require.Equal(t, 1, keeper.asked)
	_, err := Open(context.Background(), store, keeper, Options{})
	require.ErrorIs(t, err, ErrRoot)
	require.ErrorIs(t, err, errDown)
}

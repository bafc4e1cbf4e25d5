package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/stretchr/testify/require"
)

func Example() {
	dir, err := os.MkdirTemp("", "vault")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	keeper, err := vault.KeyFromPassphrase(redact.NewSecret("a passphrase for an example"), []byte("0123456789abcdef"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := onSQLite(context.Background(), os.Stdout, dir, keeper); err != nil {
		fmt.Println(err)
	}
	// Output:
	// the service says 200 OK
	// an error says bad token "[redacted:secret]"
	// found 42: 12 St James's Square
	// found 42: "", 1 value lost
}

func TestTheFolderOpensWithItsOwnKeyAlone(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), t.TempDir()
	keeper := func(name string) vault.Keeper {
		path := filepath.Join(keys, name)
		require.NoError(t, os.WriteFile(path, []byte(vault.NewKey().Reveal()), 0o600))
		k, err := vault.KeyFromFile(path)
		require.NoError(t, err)
		return k
	}
	first := keeper("first")
	require.NoError(t, onSQLite(t.Context(), new(bytes.Buffer), dir, first))
	require.ErrorIs(t, onSQLite(t.Context(), new(bytes.Buffer), dir, keeper("second")), vault.ErrRoot)
	require.NoError(t, onSQLite(t.Context(), new(bytes.Buffer), dir, first))
}

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheWalkEndsWithAReceiptAndABackupThatBringsNobodyBack(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), &out, dir))
	for _, line := range []string{
		"7 questions",
		"9 rows in 25 files, encrypted to her passphrase and signed",
		"delete  1 of address\n",
		"share   2 of gift\n",
		"keep    1 of purchase  legal obligation, s 262A ITAA 1936",
		"the request is closed: done",
		"purchase: 1 row, legal obligation, s 262A ITAA 1936, until 2031-02-03",
		"nothing was found but what is kept",
		"it is refused: tombstone: the database was restored",
		"1 person erased again",
	} {
		require.Contains(t, out.String(), line)
	}
	require.NotContains(t, out.String(), "DSR", "the map is what the database is")
	require.NotContains(t, out.String(), "ada@shop.example")
	for _, folder := range []string{"data", "elsewhere"} { // of the application, what is left is the old file and her archive
		require.NoError(t, filepath.WalkDir(filepath.Join(dir, folder), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			for _, needle := range []string{"ada@shop.example", "Ada Quince", "Kettle Row"} {
				require.False(t, bytes.Contains(b, []byte(needle)), "%s is in %s", needle, filepath.Base(path))
			}
			return nil
		}))
	}
}

package archive_test

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/internal/csvcell"
	"github.com/stretchr/testify/require"
)

// FuzzValue writes any value as each kind: what comes out is one line of JSON and one record of CSV, and a text comes back.
func FuzzValue(f *testing.F) {
	for _, s := range append(hostile, "", "1", "-0", "1e5", "NaN", `\x00`, `{"a":[1]}`, "t", "\xff\n;=1", "\r\n\"", `{a,"b\"",{NULL}}`) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var cells []cell
		for k := range archive.Array + 1 {
			cells = append(cells, cell{k, []byte(s)})
		}
		b := write(t, options(t), cells...)
		got := lines(t, open(t, b), "t")
		require.Len(t, got, len(cells))
		records, err := csv.NewReader(bytes.NewReader(file(t, b, "data/001-t-0001.csv"))).ReadAll()
		require.NoError(t, err)
		require.Len(t, records, 1+len(cells))
		for i, c := range cells {
			var row map[string]json.RawMessage
			require.NoError(t, json.Unmarshal([]byte(got[i]), &row))
			require.Len(t, row, 1)
			if c.kind == archive.Text || c.kind == archive.Time {
				require.Equal(t, s, text(t, row["v"]))
			}
			if c.kind == archive.Blob {
				raw, err := base64.StdEncoding.DecodeString(text(t, row["v"]))
				require.NoError(t, err)
				require.Equal(t, s, string(raw))
			}
			if cell := records[1+i][0]; csvcell.Formula(cell) && !strings.HasPrefix(cell, "'") {
				require.Contains(t, []archive.Kind{archive.Integer, archive.Decimal, archive.Float}, c.kind)
				require.True(t, json.Valid([]byte(cell))) // a number below zero
			}
		}
		html := string(file(t, b, "pages/001-t-0001.html"))
		require.True(t, utf8.ValidString(html))
		require.Equal(t, 1+len(cells), strings.Count(html, "<tr>"))
	})
}

// text returns a text, whichever way it was written.
func text(t testing.TB, raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var o map[string][]byte
	require.NoError(t, json.Unmarshal(raw, &o))
	return string(o["base64"])
}

// FuzzVerify takes whatever comes as an archive: nothing but the archive itself is one.
func FuzzVerify(f *testing.F) {
	good := small(f)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	_, key := signer(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := archive.Verify(bytes.NewReader(b), int64(len(b)), key); err == nil {
			require.Equal(t, good, b)
		}
		if a, err := archive.Open(bytes.NewReader(b), int64(len(b)), key); err == nil {
			for range a.Lines("t") {
			}
		}
	})
}

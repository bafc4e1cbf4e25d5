package archive_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/internal/csvcell"
	"github.com/stretchr/testify/require"
)

var at = time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)

func options(t testing.TB) archive.Options {
	s, _ := signer(t)
	return archive.Options{Request: "req-1", Title: "Your data", Application: "Helpdesk", At: at, Map: "sha256:00", Signer: s, Unencrypted: true}
}

// cell is a value and what kind it is of.
type cell struct {
	kind  archive.Kind
	value []byte
}

// write returns an archive of one table with one row a value, and one column.
func write(t testing.TB, o archive.Options, cells ...cell) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := archive.NewWriter(&b, o)
	require.NoError(t, err)
	defer w.Abort()
	require.NoError(t, w.Table(archive.Table{Name: "t", Columns: []archive.Column{{Name: "v"}}}))
	for _, c := range cells {
		require.NoError(t, w.Row([][]byte{c.value}, []archive.Kind{c.kind}))
	}
	_, err = w.Close()
	require.NoError(t, err)
	return b.Bytes()
}

func open(t testing.TB, b []byte) *archive.Archive {
	t.Helper()
	_, key := signer(t)
	_, err := archive.Verify(bytes.NewReader(b), int64(len(b)), key)
	require.NoError(t, err)
	a, err := archive.Open(bytes.NewReader(b), int64(len(b)), key)
	require.NoError(t, err)
	return a
}

// lines returns the rows of a table.
func lines(t testing.TB, a *archive.Archive, table string) (out []string) {
	t.Helper()
	for line, err := range a.Lines(table) {
		require.NoError(t, err)
		require.True(t, json.Valid(line), "%s", line)
		out = append(out, string(line))
	}
	return out
}

func TestEachTypeComesBackFromJSONLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300_000)
	cases := []struct {
		kind archive.Kind
		in   string
		want string
	}{
		{archive.Text, "a", `"a"`},
		{archive.Text, "", `""`},
		{archive.Text, "é \U0001f600 \u2028", "\"é \U0001f600 \u2028\""},
		{archive.Text, "a\x00b\x1f\x7f\"\\\n\r\t", "\"a\\u0000b\\u001f\\u007f\\\"\\\\\\n\\r\\t\""},
		{archive.Text, "\xff\xfe", `{"base64":"//4="}`},
		{archive.Text, long, `"` + long + `"`},
		{archive.Integer, "0", `0`},
		{archive.Integer, "-42", `-42`},
		{archive.Integer, "9007199254740992", `9007199254740992`},
		{archive.Integer, "9007199254740993", `"9007199254740993"`},
		{archive.Integer, "-9223372036854775808", `"-9223372036854775808"`},
		{archive.Integer, "007", `"007"`},
		{archive.Integer, "seven", `"seven"`}, // SQLite
		{archive.Decimal, "12.50", `12.50`},
		{archive.Decimal, "NaN", `"NaN"`},
		{archive.Decimal, "123456789012345.67", `"123456789012345.67"`},
		{archive.Float, "1e+20", `1e+20`},
		{archive.Float, "0.30000000000000004", `0.30000000000000004`},
		{archive.Float, "Infinity", `"Infinity"`},
		{archive.Float, "-Infinity", `"-Infinity"`},
		{archive.Float, "NaN", `"NaN"`},
		{archive.Bool, "t", `true`},
		{archive.Bool, "f", `false`},
		{archive.Bool, "1", `true`},
		{archive.Bool, "perhaps", `"perhaps"`},
		{archive.JSON, "{\"a\":\n[1,\r\n\"x\"]}", `{"a": [1,  "x"]}`},
		{archive.JSON, `{"a":`, `"{\"a\":"`},
		{archive.JSON, "\"\xff\"", `{"base64":"Iv8i"}`},
		{archive.Blob, "\x00\xff", `"AP8="`},
		{archive.Blob, "", `""`},
		{archive.Hex, `\x00ff`, `"AP8="`},
		{archive.Hex, `\x` + strings.Repeat("00", 1000), `"` + strings.Repeat("AAAA", 333) + `AA=="`},
		{archive.Hex, `\xzz`, `"\\xzz"`},
		{archive.Array, `{}`, `[]`},
		{archive.Array, `{a,"b c",NULL,"NULL","\"\\,}é"}`, `["a","b c",null,"NULL","\"\\,}é"]`},
		{archive.Array, `{{1,2},{3,4}}`, `[["1","2"],["3","4"]]`},
		{archive.Array, `[0:1]={1,2}`, `"[0:1]={1,2}"`},
		{archive.Array, `{a`, `"{a"`},
		{archive.Array, `{a}b`, `"{a}b"`},
		{archive.Array, `{,}`, `"{,}"`},
		{archive.Array, `{{{{{{{1}}}}}}}`, `"{{{{{{{1}}}}}}}"`},
		{archive.Time, "infinity", `"infinity"`},
		{archive.Time, "-infinity", `"-infinity"`},
		{archive.Time, "2026-11-22 13:00:00+00", `"2026-11-22 13:00:00+00"`},
	}
	var cells []cell
	for _, c := range cases {
		cells = append(cells, cell{c.kind, []byte(c.in)})
	}
	cells = append(cells, cell{archive.Integer, nil})
	got := lines(t, open(t, write(t, options(t), cells...)), "t")
	require.Len(t, got, len(cells))
	for i, c := range cases {
		require.Equal(t, `{"v":`+c.want+`}`, got[i], "%v %.40q", c.kind, c.in)
	}
	require.Equal(t, `{"v":null}`, got[len(cases)])
}

// file returns what a file of an archive holds.
func file(t testing.TB, b []byte, name string) []byte {
	t.Helper()
	content, ok := files(t, b)[name]
	require.True(t, ok, name)
	return content
}

func TestNoCellOfACSVIsAFormula(t *testing.T) {
	t.Parallel()
	hostile := []string{`=HYPERLINK("https://evil.test","x")`, "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "|calc", "'=1",
		`a;=1+1`, "a\t=1", "a\n=1", "a\r\n=1", `a;"=1`, `a; "" =1`, `"=1`, "a\x00=1", "\x00=1", "\xff", `","=1`}
	var cells []cell
	for _, h := range hostile {
		cells = append(cells, cell{archive.Text, []byte(h)}, cell{archive.JSON, []byte(h)}, cell{archive.Integer, []byte(h)}, cell{archive.Hex, []byte(h)})
	}
	cells = append(cells, cell{archive.Blob, []byte("\xfb\xef\xbe")}) // "++++"
	b := file(t, write(t, options(t), cells...), "data/001-t-0001.csv")
	records, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, len(cells)+1)
	for i, r := range records[1:] {
		require.Len(t, r, 1)
		if c := cells[i]; c.kind == archive.Integer && string(c.value) == "-1" {
			require.Equal(t, "-1", r[0]) // a number
			continue
		}
		require.True(t, strings.HasPrefix(r[0], "'") || !csvcell.Formula(r[0]), "%q", r[0])
	}
	// A spreadsheet whose separator is another one sees other cells: none of them begins a formula either.
	for _, line := range strings.FieldsFunc(string(b), func(r rune) bool { return r == '\n' || r == '\r' }) {
		for i, c := range strings.FieldsFunc(line, func(r rune) bool { return r == ';' || r == '\t' }) {
			if c = strings.Trim(c, `" `); i > 0 && c != "" {
				require.NotContains(t, "=+-@|%", c[:1], "%q", line)
			}
		}
	}
}

func TestATableNameIsNoPath(t *testing.T) {
	t.Parallel()
	names := []string{"../../etc/passwd", `..\..\boot.ini`, "C:\\x", "a\x00b", "/abs", "\U0001f600", "con", "a/b", "a b", "A", "a", strings.Repeat("n", 300), "<script>", "x\n", ".", "..", "\xff"}
	var b bytes.Buffer
	w, err := archive.NewWriter(&b, options(t))
	require.NoError(t, err)
	for _, n := range names {
		err := w.Table(archive.Table{Name: n, Columns: []archive.Column{{Name: n + "'\"<b>"}}})
		require.NoError(t, err)
		require.NoError(t, w.Row([][]byte{[]byte("v")}, nil))
	}
	_, err = w.Close()
	require.NoError(t, err)
	a := open(t, b.Bytes())
	require.Len(t, a.Manifest.Tables, len(names))
	for name := range files(t, b.Bytes()) {
		require.Regexp(t, `^([a-z]+\.(html|json|sig)|(data|pages)/[0-9]{3}-[a-z0-9-]+-0001\.(csv|jsonl|html))$`, name)
	}
	require.Len(t, lines(t, a, "../../etc/passwd"), 1)
}

func TestTheSameRowsMakeTheSameArchive(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.Split = 1 << 10
	rows, again := 250, 2
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		rows, again = 2000, 5
	}
	var cells []cell
	for i := range rows {
		cells = append(cells, cell{archive.Text, bytes.Repeat([]byte{byte('a' + i%26)}, i%90)})
	}
	first := write(t, o, cells...)
	for range again {
		require.True(t, bytes.Equal(first, write(t, o, cells...)))
	}
	a := open(t, first)
	require.Greater(t, len(a.Manifest.Files), rows/10)
	require.Len(t, lines(t, a, "t"), rows)
}

func TestAnArchiveLeavesEncryptedOrNotAtAll(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.Unencrypted = false
	_, err := archive.NewWriter(io.Discard, o)
	require.ErrorIs(t, err, archive.ErrOptions)

	id, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	o.Recipients = []age.Recipient{id.Recipient()}
	b := write(t, o, cell{archive.Text, []byte("needle-7")})
	require.NotContains(t, string(b), "manifest")
	r, n, err := archive.Decrypt(bytes.NewReader(b), int64(len(b)), id)
	require.NoError(t, err)
	_, key := signer(t)
	m, err := archive.Verify(r, n, key)
	require.NoError(t, err)
	require.EqualValues(t, 1, m.Rows)

	other, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	_, _, err = archive.Decrypt(bytes.NewReader(b), int64(len(b)), other)
	require.ErrorIs(t, err, archive.ErrInvalid)
	for _, cut := range []int{1, 16, 17, 100, len(b) / 2, len(b) - 1} {
		_, _, err = archive.Decrypt(bytes.NewReader(b[:len(b)-cut]), int64(len(b)-cut), id)
		require.ErrorIs(t, err, archive.ErrInvalid)
	}
	o.Unencrypted = true
	_, err = archive.NewWriter(io.Discard, o)
	require.ErrorIs(t, err, archive.ErrOptions)
}

func TestAPassphraseOpensAnArchive(t *testing.T) {
	t.Parallel()
	_, err := archive.Passphrase("too short")
	require.ErrorIs(t, err, archive.ErrOptions)
	pass := archive.NewPassphrase()
	require.Len(t, pass, 29)
	require.NotEqual(t, pass, archive.NewPassphrase())
	r, err := archive.Passphrase(pass)
	require.NoError(t, err)
	r.(*age.ScryptRecipient).SetWorkFactor(10) // the test need not take a second
	o := options(t)
	o.Unencrypted, o.Recipients = false, []age.Recipient{r}
	b := write(t, o, cell{archive.Text, []byte("x")})
	id, err := archive.Passed(pass)
	require.NoError(t, err)
	plain, n, err := archive.Decrypt(bytes.NewReader(b), int64(len(b)), id)
	require.NoError(t, err)
	_, key := signer(t)
	_, err = archive.Verify(plain, n, key)
	require.NoError(t, err)
}

func TestAWriterRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	o := options(t)
	for _, bad := range []func(*archive.Options){
		func(o *archive.Options) { o.Request = "" }, func(o *archive.Options) { o.At = time.Time{} },
		func(o *archive.Options) { o.Signer = nil }, func(o *archive.Options) { o.Split = 5 },
	} {
		o := o
		bad(&o)
		_, err := archive.NewWriter(io.Discard, o)
		require.ErrorIs(t, err, archive.ErrOptions)
	}
	// Who goes on after an error has left something out: it does not become an archive.
	for name, bad := range map[string]func(*archive.Writer) error{
		"a row before any table": func(w *archive.Writer) error { return w.Row(nil, nil) },
		"no columns":             func(w *archive.Writer) error { return w.Table(archive.Table{Name: "t"}) },
		"a column twice": func(w *archive.Writer) error {
			return w.Table(archive.Table{Name: "t", Columns: []archive.Column{{Name: "a"}, {Name: "a"}}})
		},
		"a table twice": func(w *archive.Writer) error {
			return errors.Join(w.Table(archive.Table{Name: "t", Columns: []archive.Column{{Name: "a"}}}), w.Table(archive.Table{Name: "t", Columns: []archive.Column{{Name: "a"}}}))
		},
		"another number of values": func(w *archive.Writer) error {
			return errors.Join(w.Table(archive.Table{Name: "t", Columns: []archive.Column{{Name: "a"}}}), w.Row([][]byte{nil, nil}, nil))
		},
	} {
		w, err := archive.NewWriter(io.Discard, o)
		require.NoError(t, err)
		require.ErrorIs(t, bad(w), archive.ErrTable, name)
		require.ErrorIs(t, w.Table(archive.Table{Name: "next", Columns: []archive.Column{{Name: "a"}}}), archive.ErrTable, name)
		_, err = w.Close()
		require.ErrorIs(t, err, archive.ErrTable, name)
	}
	w, err := archive.NewWriter(io.Discard, o)
	require.NoError(t, err)
	require.NoError(t, w.Table(archive.Table{Name: "t", Columns: []archive.Column{{Name: "a"}}}))
	_, err = w.Close()
	require.NoError(t, err)
	require.ErrorIs(t, w.Row([][]byte{nil}, nil), archive.ErrClosed)
	_, err = w.Close()
	require.ErrorIs(t, err, archive.ErrClosed)
}

type failing struct{ after int }

func (f *failing) Write(b []byte) (int, error) {
	if f.after -= len(b); f.after < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

func TestAWriterThatCannotWriteSaysSo(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.Split = 1 << 10
	for after := 0; after < 20_000; after += 997 {
		w, err := archive.NewWriter(&failing{after}, o)
		require.NoError(t, err)
		require.NoError(t, w.Table(archive.Table{Name: "t", Columns: []archive.Column{{Name: "a"}}}))
		for i := range 5000 {
			if err = w.Row([][]byte{bytes.Repeat([]byte{byte(i), byte(i >> 8), byte(i * 7)}, 20)}, nil); err != nil {
				break
			}
		}
		if err == nil {
			_, err = w.Close()
		}
		require.ErrorIs(t, err, io.ErrClosedPipe)
		w.Abort()
	}
}

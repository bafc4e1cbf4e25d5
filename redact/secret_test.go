package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const hushed = "swordfish" + "-4711-mauve"

type (
	account struct {
		Name   string
		Key    Secret[string]
		Ptr    *Secret[string]
		List   []Secret[string]
		Array  [1]Secret[string]
		Map    map[string]Secret[string]
		Any    any
		key    Secret[string]
		ptr    *Secret[string]
		list   []Secret[string]
		byName map[string]Secret[string]
		any    any
		inner  struct{ deep Secret[login] }
		raw    Secret[[]byte]
	}
	login   struct{ User, Password string }
	renamed Secret[string]           // has none of the methods
	grafted struct{ Secret[string] } // has all of them
)

func newAccount() account {
	s := NewSecret(hushed)
	a := account{Name: "bob", Key: s, Ptr: &s, List: []Secret[string]{s}, Array: [1]Secret[string]{s}, Map: map[string]Secret[string]{"k": s},
		Any: s, key: s, ptr: &s, list: []Secret[string]{s}, byName: map[string]Secret[string]{"k": s}, any: &s, raw: NewSecret([]byte(hushed))}
	a.inner.deep = NewSecret(login{"bob", hushed})
	return a
}

// hides fails when the secret can be read in out, plainly or in the ways that printers write bytes.
func hides(t require.TestingT, out string, where ...any) {
	b := []byte(hushed)
	for _, s := range []string{hushed, "swordfish", "4711-mauve", hex.EncodeToString(b), base64.StdEncoding.EncodeToString(b)[:20],
		strings.Trim(fmt.Sprint(b), "[]"), fmt.Sprintf("% x", b), strings.Trim(fmt.Sprintf("%#v", b), "[]byte{}")} {
		require.NotContains(t, strings.ToLower(out), strings.ToLower(s), where...)
	}
}

func TestASecretPrintsAsALabelThroughEveryVerbInEveryPosition(t *testing.T) {
	t.Parallel()
	s, a := NewSecret(hushed), newAccount()
	alone := []any{s, &s, NewSecret([]byte(hushed)), NewSecret(login{"bob", hushed}), NewSecret(4711), NewSecret[any](hushed), NewSecret(errors.New(hushed)), grafted{s}}
	within := []any{a, &a, []account{a}, map[string]*account{"a": &a}, []any{s, &s, a}, struct{ a any }{a}, renamed(s), struct{ r renamed }{renamed(s)}, [1]renamed{renamed(s)}}
	for _, verb := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		for _, flag := range []string{"%", "%+", "%#", "% ", "%-40", "%040", "%.3"} {
			f := flag + string(verb)
			for i, v := range alone {
				out := fmt.Sprintf(f, v)
				hides(t, out, f, i)
				if verb != 'T' && verb != 'p' && verb != 'w' { // a type, an address, an error: not verbs for a value
					require.Equal(t, secretLabel, out, "%s of %d", f, i)
				}
			}
			for i, v := range within {
				hides(t, fmt.Sprintf(f, v), f, i)
			}
		}
	}
	hides(t, fmt.Sprint(a, s)+fmt.Sprintln(&a, &s))
	require.Equal(t, "{bob "+secretLabel+"}", fmt.Sprint(struct {
		N string
		S Secret[string]
	}{"bob", s}))
	require.Contains(t, fmt.Sprint(struct{ s Secret[string] }{s}), secretLabel, "an unexported field has the label too")
	require.Equal(t, secretLabel, s.String())
	require.Equal(t, secretLabel, Secret[string]{}.String())
	require.Equal(t, hushed, s.Reveal())
}

func TestASecretIsALabelToEveryEncoder(t *testing.T) {
	t.Parallel()
	s, a := NewSecret(hushed), newAccount()
	for _, v := range []any{s, &s, []any{s}, map[string]any{"k": &s}, a, &a, renamed(s), grafted{s}} {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		hides(t, string(b))
	}
	b, err := json.Marshal(struct {
		Key, Gone Secret[string] `json:",omitzero"`
	}{Key: s})
	require.NoError(t, err)
	require.JSONEq(t, `{"Key":"[redacted:secret]"}`, string(b))

	b, err = xml.Marshal(struct {
		XMLName xml.Name       `xml:"c"`
		Attr    Secret[string] `xml:"attr,attr"`
		Elem    Secret[string] `xml:"elem"`
		Ptr     *Secret[string]
		Text    Secret[string] `xml:",chardata"`
		Any     any
	}{Attr: s, Elem: s, Ptr: &s, Text: s, Any: s})
	require.NoError(t, err)
	hides(t, string(b))
	require.Equal(t, 5, strings.Count(string(b), secretLabel), string(b))

	var buf bytes.Buffer
	require.NoError(t, gob.NewEncoder(&buf).Encode(struct {
		S Secret[string]
		P *Secret[string]
		L []Secret[[]byte]
	}{s, &s, []Secret[[]byte]{NewSecret([]byte(hushed))}}))
	hides(t, buf.String())
	require.Contains(t, buf.String(), secretLabel)
	var back struct{ S Secret[string] }
	require.ErrorIs(t, gob.NewDecoder(&buf).Decode(&back), ErrPlaceholder)
}

func TestASecretIsALabelInLogsAndTemplates(t *testing.T) {
	t.Parallel()
	s, a := NewSecret(hushed), newAccount()
	var buf bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&buf, nil), slog.NewJSONHandler(&buf, nil)} {
		l := slog.New(h).With("with", s, "ptr", &s)
		l.Info(fmt.Sprint(a), "s", s, "p", &s, "a", a, "pa", &a, "list", []Secret[string]{s}, slog.Group("g", "s", s, "a", a), "r", renamed(s))
	}
	require.Contains(t, buf.String(), `with=[redacted:secret] ptr=`)
	require.Contains(t, buf.String(), `"s":"[redacted:secret]"`)

	const text = `{{.}} {{.Key}} {{.Ptr}} {{.List}} {{.Map.k}} {{.Any}} {{printf "%s %q %x" .Key .Key .Key}}`
	require.NoError(t, template.Must(template.New("").Parse(text)).Execute(&buf, a))
	const page = `<a href="/?k={{.Key}}" title="{{.Ptr}}" onclick="f({{.Key}})" style="color: {{.Key}}">{{.}}</a><script>let a = {{.}}, k = {{.Key}}</script>`
	require.NoError(t, htmltemplate.Must(htmltemplate.New("").Parse(page)).Execute(&buf, a))
	hides(t, buf.String())
}

// A panic is printed by the runtime as the process dies: a child dies for it.
func TestASecretIsALabelInAPanic(t *testing.T) {
	t.Parallel()
	const env = "REDACT_TEST_PANIC"
	s := NewSecret(hushed)
	values := []any{s, &s, newAccount(), fmt.Errorf("signing in with %v: %w", s, os.ErrPermission), grafted{s}}
	var n int
	if _, err := fmt.Sscan(os.Getenv(env), &n); err == nil {
		panic(values[n])
	}
	for i := range values {
		cmd := exec.Command(os.Args[0], "-test.run=^TestASecretIsALabelInAPanic$")
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", env, i))
		out, err := cmd.CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), "panic: ")
		hides(t, string(out), i)
		if i == 0 || i == 3 {
			require.Contains(t, string(out), secretLabel)
		}
	}
}

type failing struct{ said string }

func (f *failing) Errorf(format string, args ...any) { f.said += fmt.Sprintf(format, args...) }

// Printers of tests follow pointers into unexported fields and print them into the logs of the build.
func TestASecretIsNotReadByPrintersThatLookIntoUnexportedFields(t *testing.T) {
	t.Parallel()
	var f failing
	require.False(t, assert.Equal(&f, newAccount(), account{}))
	require.Contains(t, f.said, "Name: ")
	hides(t, f.said)
}

func TestASecretTakesItsValueFromJSONTextAndDatabases(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := login{rapid.String().Draw(t, "user"), rapid.String().Draw(t, "password")}
		want.User, want.Password = strings.ToValidUTF8(want.User, ""), strings.ToValidUTF8(want.Password, "")
		b, err := json.Marshal(want)
		require.NoError(t, err)
		var l Secret[login]
		require.NoError(t, json.Unmarshal(b, &l))
		require.Equal(t, want, l.Reveal())

		var s Secret[string]
		require.NoError(t, s.UnmarshalText([]byte(want.Password)))
		require.Equal(t, want.Password, s.Reveal())
		require.NoError(t, s.Scan([]byte(want.User)))
		require.Equal(t, want.User, s.Reveal())
	})
	var b Secret[[]byte]
	text := []byte(hushed)
	require.NoError(t, b.UnmarshalText(text))
	clear(text)
	require.Equal(t, hushed, string(b.Reveal()), "it holds a copy")
	var n Secret[int]
	require.NoError(t, n.Scan(int64(4711)))
	require.Equal(t, 4711, n.Reveal())
	require.NoError(t, n.Scan(nil))
	require.True(t, n.IsZero())
	require.Zero(t, n.Reveal())
	require.NoError(t, json.Unmarshal([]byte("null"), &b))
	require.True(t, b.IsZero())
	var x struct {
		A Secret[string] `xml:"a,attr"`
		B Secret[string]
	}
	require.NoError(t, xml.Unmarshal([]byte(`<x a="one"><B>two</B></x>`), &x))
	require.Equal(t, "one two", x.A.Reveal()+" "+x.B.Reveal())
}

func TestALabelThatComesBackIsNotTakenForTheSecret(t *testing.T) {
	t.Parallel()
	for _, label := range []string{secretLabel, "[redacted]", "[redacted:credential]", " [redacted:secret]\n", Email.Label()} {
		s, l, b := NewSecret("kept"), NewSecret(login{Password: "kept"}), NewSecret([]byte("kept"))
		quoted, err := json.Marshal(label)
		require.NoError(t, err)
		require.ErrorIs(t, json.Unmarshal(quoted, &s), ErrPlaceholder, label)
		require.ErrorIs(t, json.Unmarshal(quoted, &b), ErrPlaceholder, label)
		require.ErrorIs(t, json.Unmarshal([]byte(`{"User":"bob","Password":`+string(quoted)+`}`), &l), ErrPlaceholder, label)
		require.ErrorIs(t, s.UnmarshalText([]byte(label)), ErrPlaceholder)
		require.ErrorIs(t, s.Scan(label), ErrPlaceholder)
		require.ErrorIs(t, b.Scan([]byte(label)), ErrPlaceholder)
		require.Equal(t, "kept kept kept", s.Reveal()+" "+l.Reveal().Password+" "+string(b.Reveal()))
	}
	var s Secret[string]
	require.ErrorIs(t, json.Unmarshal([]byte(`"\u005bredacted:secret]"`), &s), ErrPlaceholder)
	require.NoError(t, s.UnmarshalText([]byte("[redacted:secret] is what it printed")), "only a label and nothing else is one")
}

// The errors of the decoders quote what they could not decode.
func TestAnErrorOfDecodingSaysNothingOfTheSecret(t *testing.T) {
	t.Parallel()
	var n Secret[int]
	var s Secret[string]
	for _, err := range []error{json.Unmarshal([]byte(`"`+hushed+`"`), &n), json.Unmarshal([]byte(`{"n":987654321}`), &struct{ N *Secret[string] }{&s}),
		n.Scan(hushed), n.UnmarshalText([]byte(hushed)), s.Scan(struct{ v string }{hushed})} {
		require.ErrorIs(t, err, ErrSecret)
		hides(t, err.Error())
		require.NotContains(t, err.Error(), "987654321")
	}
}

func TestADatabaseIsNotGivenALabelInThePlaceOfASecret(t *testing.T) {
	t.Parallel()
	_, err := NewSecret(hushed).Value()
	require.ErrorIs(t, err, ErrUnrevealed)
}

func FuzzSecretDecodes(f *testing.F) {
	for _, s := range []string{`"a"`, `null`, `{"User":"a"}`, `"[redacted:secret]"`, `{"User":"[redacted:token]"}`, `7`, `[`, `""`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var want login
		wantErr := json.Unmarshal(b, &want)
		var l Secret[login]
		err := json.Unmarshal(b, &l)
		if err == nil {
			require.NoError(t, wantErr)
			require.Equal(t, want, l.Reveal())
			require.False(t, isPlaceholder(l.Reveal().User) || isPlaceholder(l.Reveal().Password))
		} else if wantErr == nil {
			require.ErrorIs(t, err, ErrPlaceholder)
		}
		var s Secret[string]
		if s.UnmarshalText(b) == nil {
			require.Equal(t, string(b), s.Reveal())
		} else {
			require.True(t, isPlaceholder(string(b)))
		}
	})
}

package vault

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	htmltemplate "html/template"
	"io"
	"log"
	"log/slog"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"text/template"

	"github.com/davecgh/go-spew/spew"
	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/k0kubun/pp/v3"
	"github.com/pelletier/go-toml/v2"
	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vmihailenco/msgpack/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.yaml.in/yaml/v3"
)

// sinks are the ways in which programs print, log, compare and store values without knowing what is in them.
var sinks = map[string]func(v any) []byte{
	"%v": printed("%v"), "%+v": printed("%+v"), "%#v": printed("%#v"), "%s": printed("%s"), "%q": printed("%q"), "%x": printed("%x"), "%d": printed("%d"),
	"log": func(v any) []byte { return into(func(w io.Writer) error { log.New(w, "", 0).Print(v); return nil }) },
	"slog": func(v any) []byte {
		return into(func(w io.Writer) error { slog.New(slog.NewTextHandler(w, nil)).Info("m", "k", v); return nil })
	},
	"slog JSON": func(v any) []byte {
		return into(func(w io.Writer) error { slog.New(slog.NewJSONHandler(w, nil)).Info("m", "k", v); return nil })
	},
	"json": encoded(json.Marshal), "xml": encoded(xml.Marshal), "yaml": encoded(yaml.Marshal), "toml": encoded(toml.Marshal),
	"msgpack": encoded(msgpack.Marshal), "cbor": encoded(cbor.Marshal),
	"gob": func(v any) []byte { return into(func(w io.Writer) error { return gob.NewEncoder(w).Encode(v) }) },
	"text/template": func(v any) []byte {
		return into(func(w io.Writer) error { return template.Must(template.New("").Parse("{{.}}")).Execute(w, v) })
	},
	"html/template": func(v any) []byte {
		return into(func(w io.Writer) error {
			return htmltemplate.Must(htmltemplate.New("").Parse("<p>{{.}}</p><script>var x={{.}}</script>")).Execute(w, v)
		})
	},
	"zap": func(v any) []byte {
		return into(func(w io.Writer) error {
			zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(w), zap.DebugLevel)).Info("m", zap.Any("k", v))
			return nil
		})
	},
	"zerolog": func(v any) []byte {
		return into(func(w io.Writer) error { l := zerolog.New(w); l.Info().Interface("k", v).Msg("m"); return nil })
	},
	"logrus": func(v any) []byte {
		return into(func(w io.Writer) error { l := logrus.New(); l.Out = w; l.WithField("k", v).Info("m"); return nil })
	},
	"spew":                 func(v any) []byte { return []byte(spew.Sdump(v)) },
	"spew without methods": func(v any) []byte { return []byte((&spew.ConfigState{DisableMethods: true, Indent: " "}).Sdump(v)) },
	"pp":                   func(v any) []byte { p := pp.New(); p.SetColoringEnabled(false); return []byte(p.Sprint(v)) },
	"cmp": func(v any) []byte {
		return []byte(cmp.Diff(v, nil, cmp.Exporter(func(reflect.Type) bool { return true })))
	},
	"testify": func(v any) []byte {
		var s said
		assert.Equal(&s, "another", v)
		return []byte(s)
	},
}

type said string

func (s *said) Errorf(format string, args ...any) { *s += said(fmt.Sprintf(format, args...)) }

func printed(format string) func(any) []byte {
	return func(v any) []byte { return fmt.Appendf(nil, format, v) }
}

func encoded(f func(any) ([]byte, error)) func(any) []byte {
	return func(v any) []byte {
		b, err := f(v)
		return fmt.Append(b, err)
	}
}

func into(f func(w io.Writer) error) []byte {
	var b bytes.Buffer
	err := f(&b)
	return fmt.Append(b.Bytes(), err)
}

// shown is what comes out of a sink, or of the panic that it ends in.
func shown(sink func(any) []byte, v any) (out []byte) {
	defer func() {
		if thrown := recover(); thrown != nil {
			out = fmt.Appendf(out, "%v %+v", thrown, thrown)
		}
	}()
	return sink(v)
}

type exported struct{ V any }

type unexported struct{ v any }

var betweenNumbers = regexp.MustCompile(`[\s,-]+`)

// No way of printing shows a secret or a key out of what the vault's packages hand out, wherever it stands.
func TestNoSinkShowsASecretOfTheVault(t *testing.T) {
	values, secrets := everything(t)
	require.Len(t, sinks, 27)
	shows := func(out []byte) string {
		out = append(out, betweenNumbers.ReplaceAll(out, []byte(" "))...) // lists of bytes, one in each line
		for name, secret := range secrets {
			for _, form := range formsOf(secret) {
				if bytes.Contains(out, []byte(form)) {
					return name
				}
			}
		}
		return ""
	}
	for sink, f := range sinks { // it is seen to look: the bytes themselves are found
		for name, secret := range secrets {
			var v any = exported{secret}
			if isText(secret) {
				v = exported{string(secret)}
			}
			if b := shown(f, v); shows(b) == "" && sink != "gob" && (isText(secret) || sink != "xml") { // gob knows no type in an interface, XML no such bytes
				t.Errorf("%s hides the bytes of %s from the test: %.200s", sink, name, b)
			}
		}
	}
	leaks := 0
	for name, v := range values {
		for sink, f := range sinks {
			for position, in := range map[string]any{"itself": v, "exported": exported{v}, "unexported": unexported{v}, "pointer": &unexported{v}, "slice": []any{v}, "map": map[string]any{"k": v}} {
				if what := shows(shown(f, in)); what != "" {
					leaks++
					t.Errorf("%s shows %s of %s, %s", sink, what, name, position)
				}
			}
		}
		if what := shows(shown(func(v any) []byte { panic(v) }, v)); what != "" {
			t.Errorf("a panic shows %s of %s", what, name)
		}
	}
	t.Logf("%d values, %d sinks, 6 positions: %d leaks", len(values), len(sinks), leaks)
}

func isText(b []byte) bool {
	return bytes.IndexFunc(b, func(r rune) bool { return r > 126 || r < 32 }) < 0
}

// formsOf are the ways in which the first bytes of secret may stand in what a sink writes.
func formsOf(secret []byte) []string {
	b := secret[:8]
	list := strings.Trim(fmt.Sprint(b), "[]")
	var hexes, short []string
	for _, c := range b {
		hexes, short = append(hexes, fmt.Sprintf("0x%02x", c)), append(short, fmt.Sprintf("0x%x", c))
	}
	quoted := fmt.Sprintf("%q", b)
	out := []string{string(b), fmt.Sprintf("%x", b), fmt.Sprintf("%X", b), fmt.Sprintf("% x", b), list, strings.ReplaceAll(list, " ", ","), strings.ReplaceAll(list, " ", ", "),
		strings.Join(hexes, ", "), strings.Join(hexes, ","), strings.Join(short, ", "), strings.Join(short, ","), quoted[1 : len(quoted)-1]}
	return append(out, base64Forms(b)...)
}

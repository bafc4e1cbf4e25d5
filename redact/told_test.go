package redact_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/bailiwick-dev/bailiwick/redact"
)

// Types whose own code tells what none of their fields shows.
type (
	parts        struct{ User, Host string }
	partsJSON    struct{ User, Host string }
	partsText    struct{ User, Host string }
	partsErr     struct{ User, Host string }
	partsFmt     struct{ User, Host string }
	partsPtr     struct{ User, Host string }
	encoded      string
	encodedRaw   []byte
	lazy         func() string
	letters      [40]byte
	loop         struct{ A, B any }
	boxOf[T any] struct{ V T }
	keyOf        struct{ Note string }
	embedding    struct{ *keyOf }
	embedded     struct {
		keyOf
		N int
	}
	coded interface {
		error
		Code() int
	}
	codedErr struct{ Note string }
)

func (p parts) String() string                   { return p.User + "@" + p.Host }
func (p partsJSON) MarshalJSON() ([]byte, error) { return json.Marshal(p.User + "@" + p.Host) }
func (p partsText) MarshalText() ([]byte, error) { return []byte(p.User + "@" + p.Host), nil }
func (p partsErr) Error() string                 { return p.User + "@" + p.Host }
func (p partsFmt) Format(f fmt.State, _ rune)    { _, _ = fmt.Fprint(f, p.User, "@", p.Host) }
func (p *partsPtr) String() string               { return p.User + "@" + p.Host }
func (e encoded) String() string {
	b, _ := base64.StdEncoding.DecodeString(string(e))
	return string(b)
}

func (e encodedRaw) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendDecode(nil, e)
}
func (l lazy) String() string    { return l() }
func (e codedErr) Error() string { return e.Note }
func (codedErr) Code() int       { return 1 }

// printed is what the usual printers make of a value.
func printed(v any) string {
	b, _ := json.Marshal(v)
	return fmt.Sprintf("%v\n%+v\n%#v\n%s\n%s\n", v, v, v, v, b)
}

func TestNoValueTellsByCodeOfItsOwnWhatItsFieldsDoNot(t *testing.T) {
	t.Parallel()
	user, host, _ := strings.Cut(plantedMail, "@")
	mail := base64.StdEncoding.EncodeToString([]byte(plantedMail))
	var letter letters
	copy(letter[:], plantedMail)
	var box atomic.Value
	box.Store(plantedMail)
	var table sync.Map
	table.Store(plantedMail, plantedMail)
	ptr := plantedMail
	pp := &ptr
	var cycle loop
	cycle = loop{&cycle, []any{&cycle, plantedMail}}
	ch := make(chan string, 1)
	ch <- plantedMail
	card := big.NewInt(41111111_11111111)
	pan := "41111111" + "11111111"
	for name, v := range map[string]any{
		"stringer": parts{user, host}, "json": partsJSON{user, host}, "text": partsText{user, host}, "error": partsErr{user, host},
		"formatter": partsFmt{user, host}, "pointer": &partsPtr{user, host}, "text type": encoded(mail), "bytes type": encodedRaw(mail),
		"func": lazy(func() string { return plantedMail }), "letters": letter,
		"atomic value": &box, "sync map": &table, "loop": &cycle, "channel": ch, "pointers": &pp, "generic": boxOf[boxOf[[]string]]{boxOf[[]string]{[]string{plantedMail}}},
		"struct key": map[keyOf]int{{plantedMail}: 1}, "array key": map[[2]string]int{{plantedMail}: 1}, "any key": map[any]any{keyOf{plantedMail}: 1},
		"text key": map[partsText]int{{user, host}: 1}, "pointer key": map[*string]int{&ptr: 1},
		"embedding": embedding{&keyOf{plantedMail}}, "embedded": embedded{keyOf{plantedMail}, 1},
		"coded": boxOf[coded]{codedErr{plantedMail}}, "reflect": reflect.ValueOf(plantedMail), "reflect in any": []any{reflect.ValueOf(keyOf{plantedMail})},
		"big": card, "big value": *card, "big rat": big.NewRat(41111111_11111111, 1),
		"context": context.WithValue(context.Background(), keyOf{"k"}, plantedMail), "buffer": bytes.NewBufferString(plantedMail),
		"builder": func() any { var b strings.Builder; b.WriteString(plantedMail); return &b }(), "reader": strings.NewReader(plantedMail),
		"request": boxOf[*http.Request]{func() *http.Request {
			r, _ := http.NewRequest("POST", "http://h/?q="+plantedMail, strings.NewReader(plantedMail))
			return r
		}()},
		"errors": []error{fmt.Errorf("x: %w", errors.New(plantedMail))}, "logger": slog.New(slog.NewTextHandler(&bytes.Buffer{}, nil)).With("a", plantedMail),
		"attr": boxOf[slog.Attr]{slog.String("a", plantedMail)}, "stringer slot": boxOf[fmt.Stringer]{parts{user, host}},
		"func slot": boxOf[fmt.Stringer]{lazy(func() string { return plantedMail })}, "raw pointer": &[]json.RawMessage{json.RawMessage(`"` + plantedMail + `"`)},
	} {
		for how, wrap := range map[string]func(any) any{
			"alone": func(v any) any { return v }, "in a struct": func(v any) any { return boxOf[any]{v} }, "in a list": func(v any) any { return []any{v} },
			"in a map": func(v any) any { return map[string]any{"x": v} }, "in a typed list": func(v any) any {
				s := reflect.MakeSlice(reflect.SliceOf(reflect.TypeOf(v)), 1, 1)
				s.Index(0).Set(reflect.ValueOf(v))
				return s.Interface()
			}, "behind a pointer": func(v any) any {
				p := reflect.New(reflect.TypeOf(v))
				p.Elem().Set(reflect.ValueOf(v))
				return p.Interface()
			},
		} {
			x := wrap(v)
			for way, out := range map[string]string{"Any": printed(Default().Any(x)), "Copy": printed(Copy(Default(), x)), "log": logged(func(l *slog.Logger) { l.Info("x", "v", x) })} {
				for _, p := range []string{plantedMail, pan, strings.Trim(fmt.Sprint([]byte(plantedMail)), "[]")} {
					if strings.Contains(out, p) {
						t.Errorf("%s, %s, %s: %.300s", way, name, how, out)
					}
				}
			}
		}
	}
}

func TestPrivateKeysAreNotCopied(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	raw, err := ec.Bytes()
	require.NoError(t, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	for _, v := range []any{ec, *ec, ed, boxOf[any]{ec}, boxOf[*ecdsa.PrivateKey]{ec}, []ed25519.PrivateKey{ed}} {
		for _, out := range []string{printed(Default().Any(v)), printed(Copy(Default(), v)), logged(func(l *slog.Logger) { l.Info("x", "v", v) })} {
			require.NotContains(t, out, new(big.Int).SetBytes(raw).String())
			require.NotContains(t, out, fmt.Sprint([]byte(ed))[1:40])
			require.NotContains(t, out, base64.StdEncoding.EncodeToString(ed)[:20])
		}
	}
}

func TestAddressesAreFoundInTypesThatPrintThem(t *testing.T) {
	t.Parallel()
	r, err := New(With(IP, MAC))
	require.NoError(t, err)
	ip := net.IPv4(203, 0, 113, 9)
	for _, v := range []any{ip, &net.TCPAddr{IP: ip, Port: 443}, net.IPNet{IP: ip, Mask: net.CIDRMask(24, 32)}, boxOf[net.IP]{ip}, boxOf[net.Addr]{&net.TCPAddr{IP: ip}},
		net.HardwareAddr{0x02, 0x42, 0xac, 0x11, 0, 2}} {
		out := printed(r.Any(v)) + printed(Copy(r, v))
		require.NotContains(t, out, "203.0.113.9", "%T", v)
		require.NotContains(t, out, "02:42:ac", "%T", v)
	}
}

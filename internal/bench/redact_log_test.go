package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// Workload L, logging: one operation is a record of ten attributes, in slog's JSON handler and to nowhere. Two attributes are
// sensitive, one is an error, one a group. bare leaves them as they are; key_lookup replaces by the attribute's key, which is
// what a ReplaceAttr usually does; values_X also has the scrubber X look at every string and error; ours scans every value and the message.
func BenchmarkRedactLog(b *testing.B) { compare(b, loggers(), nil) }

func TestLoggersHideTheTwo(t *testing.T) { checkWays(t, loggers()) }

var errRelay = errors.New("write tcp 10.4.0.3:38112->10.4.0.9:5671: broken pipe")

func logParcel(l *slog.Logger) {
	l.LogAttrs(context.Background(), slog.LevelInfo, "parcel handed over",
		slog.String("parcel", "5d0e9c1a-77b3-4c02-b4f6-02a9d31c8e55"),
		slog.String("depot", "north-07"),
		slog.Int("weight", 1840),
		slog.Duration("waited", 47*time.Second),
		slog.String("email", plantedItems[0].text),
		slog.String("authorization", "Bearer "+itemJWT),
		slog.Bool("signed", true),
		slog.Time("due", parcelDay),
		slog.Any("err", errRelay),
		slog.Group("van", slog.String("plate", "north"), slog.String("route", "/rounds/{id}/stops")),
	)
}

func loggers() []way {
	named := map[string]bool{"authorization": true, "cookie": true, "email": true, "password": true, "phone": true, "secret": true, "token": true}
	byKey := func(_ []string, a slog.Attr) slog.Attr {
		if named[strings.ToLower(a.Key)] {
			a.Value = slog.StringValue("[gone]")
		}
		return a
	}
	jsonHandler := func(replace func([]string, slog.Attr) slog.Attr) func(testing.TB, io.Writer) slog.Handler {
		return func(_ testing.TB, w io.Writer) slog.Handler {
			return slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: replace})
		}
	}
	logging := func(name string, handler func(testing.TB, io.Writer) slog.Handler, hides bool, vs ...string) way {
		return way{name: name, vs: vs, open: func(tb testing.TB) func(int) error {
			var b bytes.Buffer
			logParcel(slog.New(handler(tb, &b)))
			var record map[string]any
			if err := json.Unmarshal(b.Bytes(), &record); err != nil || len(record) != 13 {
				tb.Fatal(err, b.String())
			}
			for _, v := range []string{plantedItems[0].value, itemJWT} {
				if hides && strings.Contains(b.String(), v) {
					tb.Errorf("%s leaves something: %s", name, b.String())
				}
			}
			l := slog.New(handler(tb, io.Discard))
			return shared(1, func() error {
				logParcel(l)
				return nil
			})
		}}
	}
	ways := []way{
		logging("bare", jsonHandler(nil), false),
		logging("key_lookup", jsonHandler(byKey), true, "bare"),
		logging("ours", func(_ testing.TB, w io.Writer) slog.Handler {
			return redact.Default().Handler(slog.NewJSONHandler(w, nil))
		}, true, "bare", "key_lookup"),
	}
	for _, s := range scrubbers {
		ways = append(ways, logging("values_"+s.name, func(tb testing.TB, w io.Writer) slog.Handler {
			scrub := s.open(tb)
			return jsonHandler(func(groups []string, a slog.Attr) slog.Attr {
				if a = byKey(groups, a); a.Value.Kind() == slog.KindString {
					a.Value = slog.StringValue(string(scrub([]byte(a.Value.String()))))
				} else if err, ok := a.Value.Any().(error); ok {
					a.Value = slog.StringValue(string(scrub([]byte(err.Error()))))
				}
				return a
			})(tb, w)
		}, true, "bare", "ours"))
	}
	return ways
}

package consent

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// slowlyPassed says of one line what the guard should, in the plainest way.
func slowlyPassed(d Decision, line string) bool {
	first, attributes, _ := strings.Cut(line, ";")
	name, _, named := strings.Cut(first, "=")
	if name = strings.Trim(name, " \t"); !named {
		name = ""
	}
	if name == CookieName || name == WidgetCookieName {
		return true
	}
	if c, ok := d.edition.names.lookup(name); name != "" && ok && d.Allows(c) {
		return true
	}
	var age, date *bool
	for a := range strings.SplitSeq(attributes, ";") {
		key, value, _ := strings.Cut(a, "=")
		value = strings.Trim(value, " \t")
		switch lowerASCII(strings.Trim(key, " \t")) {
		case "max-age":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || value[0] == '+' || len(value) > 10 {
				return false
			}
			past := n <= 0
			age = &past
		case "expires":
			t, err := time.Parse(http.TimeFormat, value)
			if err != nil || t.Year() < 1601 {
				return false
			}
			past := t.Before(time.Now())
			date = &past
		}
	}
	if age == nil {
		age = date
	}
	return age != nil && *age && !strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func slowlyStripped(d Decision, h http.Header) http.Header {
	out := http.Header{}
	for key, lines := range h {
		if low := lowerASCII(strings.ReplaceAll(key, http.TrailerPrefix, "")); low == "set-cookie" {
			lines = slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !slowlyPassed(d, l) })
			if len(lines) == 0 {
				continue
			}
		}
		out[key] = slices.Clone(lines)
	}
	if !slices.Contains(out["Vary"], varyOn) {
		out["Vary"] = append(out["Vary"], varyOn)
	}
	return out
}

// The guard looks at a response's map several times, and remembers. Whatever a handler does to the map in between, what is left is what one has who
// remembers nothing.
func TestTheGuardLeavesWhatAPlainOneWould(t *testing.T) {
	t.Parallel()
	m := manager(t, nil)
	both := []Decision{Decide(m.c.Registry, Signals{Now: noon}, Stored{}), Decide(m.c.Registry, Signals{Now: noon}, Stored{Choice: yes(Analytics)})}
	drawKey := rapid.SampledFrom([]string{"Set-Cookie", "set-cookie", "SET-COOKIE", "Set-CookiE", "Trailer:Set-Cookie", "Trailer:set-cookie", "trailer:Set-Cookie", "Trailer:Trailer:Set-Cookie", "Trailer:", "Set-Cookie2", "Vary", "X"})
	drawName := rapid.SampledFrom([]string{"_ga", " _ga\t", "_GA", "draft", "__Host-session", "csrf", "who", "", CookieName, CookieName + "x", "\u00a0_ga"})
	drawAttribute := rapid.SampledFrom([]string{"", " Path=/", "Max-Age=0", " max-AGE = -1 ", "\tMax-Age=5", "Max-Age", "Max-Age=+0", "Max-Agex=0", "Max-Age x=0", "m", "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
		"EXPIRES =\tThu, 01 Jan 1970 00:00:00 GMT", "Expires=Thu, 01 Jan 2970 00:00:00 GMT", "expires=0", "Expire\u017f=Thu, 01 Jan 1970 00:00:00 GMT", "x=\x00", "Max-Age=0\r", "a=b=Max-Age=0"})
	rapid.Check(t, func(t *rapid.T) {
		line := func() string {
			l := drawName.Draw(t, "name") + rapid.SampledFrom([]string{"=1", "=", "", "=a=b"}).Draw(t, "value")
			for _, a := range rapid.SliceOfN(drawAttribute, 0, 3).Draw(t, "attributes") {
				l += ";" + a
			}
			return l
		}
		rec := httptest.NewRecorder()
		h := rec.Header()
		g := &guard{inner: rec, d: both[0], ctx: context.Background()}
		for range rapid.IntRange(1, 5).Draw(t, "looks") {
			for range rapid.IntRange(0, 4).Draw(t, "changes") {
				key := drawKey.Draw(t, "key")
				switch lines := h[key]; rapid.IntRange(0, 4).Draw(t, "change") {
				case 0:
					delete(h, key)
				case 1:
					if len(lines) > 0 {
						lines[rapid.IntRange(0, len(lines)-1).Draw(t, "at")] = line()
					}
				case 2:
					g.goBy(both[rapid.IntRange(0, 1).Draw(t, "decision")])
				default:
					h[key] = append(lines, line())
				}
			}
			want := slowlyStripped(g.d, h)
			g.head()
			require.Equal(t, want, h)
		}
	})
}

// In the report of what a handler set, a response that has several heads and an end has each cookie once.
func TestACookieIsToldOfOnce(t *testing.T) {
	t.Parallel()
	told := 0
	m := manager(t, func(c *Config) {
		c.Guard, c.Refused = Report, func(context.Context, Refusal) { told++ }
	})
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		add(w, gaLine)
		w.WriteHeader(103)
		w.WriteHeader(200)
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	require.Equal(t, 1, told)
}

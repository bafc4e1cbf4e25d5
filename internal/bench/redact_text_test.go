package bench

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// Workload T, text: one operation takes a text and makes the redacted one. clean_1KiB is a line with nothing in it,
// three_items_1KiB has an email address, a card number and a password in it, mixed_1MiB is a log of several formats. ours
// has the safe defaults and appends to a buffer, ours_string gives strings, ours_with_ip also looks for IP and MAC
// addresses, as the others do. Beside them, a loop that cuts the text into words and does nothing with them.
func BenchmarkRedactText(b *testing.B) {
	for _, t := range redactTexts(1 << 20) {
		b.Run(t.name, func(b *testing.B) { compare(b, redactions(t.logText), nil) })
	}
}

func TestScrubbersHideWhatTheyKnow(t *testing.T) {
	for _, in := range redactTexts(96 << 10) {
		t.Run(in.name, func(t *testing.T) {
			for _, w := range redactions(in.logText) {
				if err := w.open(t)(1); err != nil {
					t.Error(w.name, err)
				}
			}
		})
	}
}

type namedText struct {
	name string
	logText
}

func redactTexts(mixed int) []namedText {
	return []namedText{{"clean_1KiB", cleanLine()}, {"three_items_1KiB", lineOfThree()}, {"mixed_1MiB", mixedLog(mixed)}}
}

func redactions(t logText) []way {
	ways := []way{{name: "words", bytes: len(t.in), open: func(testing.TB) func(int) error {
		want := cutWords(t.in)
		return shared(1, func() error {
			if n := cutWords(t.in); n != want {
				return fmt.Errorf("%d words, and then %d", want, n)
			}
			return nil
		})
	}}}
	noIP := t // the defaults leave addresses alone
	noIP.planted = map[string]int{}
	for v, n := range t.planted {
		if v != plantedItems[len(plantedItems)-1].value {
			noIP.planted[v] = n
		}
	}
	add := func(s redactScrubber, t logText, vs ...string) {
		hidden := 0
		w := way{name: s.name, vs: vs, bytes: len(t.in), open: func(tb testing.TB) func(int) error {
			scrub := s.open(tb)
			in := bytes.Clone(t.in)
			out := scrub(in)
			if !bytes.Equal(in, t.in) {
				tb.Fatalf("%s changes its input", s.name)
			}
			want, left := len(out), t.left(out)
			if hidden = t.items() - left; s.all && left > 0 {
				tb.Errorf("%s leaves %d of %d items in the text", s.name, left, t.items())
			}
			if t.items() == 0 && !bytes.Equal(out, t.in) {
				tb.Errorf("%s finds something in a clean text: %s", s.name, out)
			}
			return shared(1, func() error {
				if n := len(scrub(t.in)); n != want {
					return fmt.Errorf("%d bytes, and then %d", want, n)
				}
				return nil
			})
		}}
		if t.items() > 0 {
			w.also = func(float64) (string, float64) { return "hidden-%", 100 * float64(hidden) / float64(t.items()) }
		}
		ways = append(ways, w)
	}
	add(redactScrubber{"ours", openRedactor(), true}, noIP, "words")
	add(redactScrubber{"ours_with_ip", openRedactor(redact.With(redact.IP, redact.MAC)), true}, t, "words", "ours")
	for _, s := range scrubbers {
		add(s, t, "ours", "ours_with_ip")
	}
	s := string(t.in)
	want := len(redact.Default().String(s))
	return append(ways, way{name: "ours_string", bytes: len(s), vs: []string{"ours"}, open: func(testing.TB) func(int) error {
		return shared(1, func() error {
			if n := len(redact.Default().String(s)); n != want {
				return fmt.Errorf("%d bytes, and then %d", want, n)
			}
			return nil
		})
	}})
}

// openRedactor makes a Redactor that appends to a buffer of its own.
func openRedactor(opts ...redact.Option) func(testing.TB) func([]byte) []byte {
	return func(tb testing.TB) func([]byte) []byte {
		r, err := redact.New(opts...)
		if err != nil {
			tb.Fatal(err)
		}
		var out []byte
		return func(text []byte) []byte {
			out = r.Append(out[:0], text)
			return out
		}
	}
}

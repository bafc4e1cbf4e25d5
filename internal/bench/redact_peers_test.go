//go:build peers

package bench

import (
	"strings"
	"testing"

	"github.com/DataDog/datadog-agent/pkg/util/scrubber"
	"github.com/showa-93/go-mask"
	"github.com/wasilibs/go-re2"
)

// RE2 compiled to WebAssembly, with all patterns in one expression; the scrubber that Datadog's agent uses for its own logs,
// with its defaults, which know keys and no personal data; and a library that masks structs by their tags.
func init() {
	scrubbers = append(scrubbers, redactScrubber{"peer_go-re2", openRE2, true}, redactScrubber{"peer_datadog", openDatadog, false})
	bookingCopies = append(bookingCopies, bookingCopy{"peer_go-mask", mask.Mask[booking]})
}

func openRE2(testing.TB) func([]byte) []byte {
	re := re2.MustCompile("(?:" + strings.Join(patterns, ")|(?:") + ")")
	return func(text []byte) []byte { return re.ReplaceAllLiteral(text, patternLabel) }
}

func openDatadog(tb testing.TB) func([]byte) []byte {
	s := scrubber.NewWithDefaults()
	return func(text []byte) []byte {
		out, err := s.ScrubBytes(text)
		if err != nil {
			tb.Error(err)
		}
		return out
	}
}

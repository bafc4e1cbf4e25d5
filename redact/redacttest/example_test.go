package redacttest_test

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/redact/redacttest"
)

// In a test, t takes the place of the printer.
func Example() {
	var t printer
	redacttest.Values(t, func(w io.Writer) func(any) {
		return func(v any) { fmt.Fprint(w, redact.Default().Any(v)) }
	})
	redacttest.Logger(t, func(io.Writer) *slog.Logger { return slog.New(slog.DiscardHandler) })
	// Output:
	// log: redacttest: 1898 canaries planted in 73 positions, 0 survived
	// error: redacttest: 2574 outputs lack what was not sensitive, the first at message/assigned: silence proves nothing
	// log: redacttest: 2574 canaries planted in 99 positions, 0 survived
}

type printer struct{}

func (printer) Helper() {}

func (printer) Logf(format string, args ...any) { fmt.Printf("log: "+format+"\n", args...) }

func (printer) Errorf(format string, args ...any) {
	line, _, _ := strings.Cut(fmt.Sprintf("error: "+format, args...), "\n")
	fmt.Println(line)
}

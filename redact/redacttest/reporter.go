package redacttest

import (
	"bytes"
	"fmt"
	"io"
)

// Reporter attacks an error reporter. open returns a function that reports an error as the application does, and has
// written the report to w by the time it returns: for a reporter that sends reports over the network, run it against a
// server of the test's own that copies request bodies to w.
//
// Errors are given one at a time: plain, wrapped, joined, of the types of the standard library that quote their operands,
// with fields of their own, and recovered from panics. For except see [Logger].
func Reporter(t TB, open func(w io.Writer) (report func(err error)), except ...string) *Report {
	t.Helper()
	var ps []position[func(error)]
	for _, e := range failures {
		ps = append(ps, position[func(error)]{"error-" + e.name, func(report func(error), s string) {
			report(fmt.Errorf(mark+": %w", e.wrap(s)))
		}})
	}
	return attack(t, ps, except, func(p position[func(error)], text string) ([]byte, bool) {
		var b bytes.Buffer
		p.plant(open(&b), text)
		return b.Bytes(), bytes.Contains(b.Bytes(), []byte(mark))
	})
}

// Values attacks anything that takes a value of any type: a dump, an audit trail, a reporter's extra data. open returns a
// function that has written what it makes of the value to w by the time it returns. A value is in a map beside a mark,
// which has to come out. For except see [Logger].
func Values(t TB, open func(w io.Writer) (write func(v any)), except ...string) *Report {
	t.Helper()
	var ps []position[func(any)]
	for _, v := range values {
		ps = append(ps, position[func(any)]{v.name, func(write func(any), s string) {
			write(map[string]any{"mark": mark, "note": v.wrap(s)})
		}})
	}
	return attack(t, ps, except, func(p position[func(any)], text string) ([]byte, bool) {
		var b bytes.Buffer
		p.plant(open(&b), text)
		return b.Bytes(), bytes.Contains(b.Bytes(), []byte(mark))
	})
}

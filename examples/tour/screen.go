package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// width is the widest line the tour prints.
const width = 100

// screen prints the tour: colours and a line that moves on a terminal, plain text anywhere else.
type screen struct {
	w       io.Writer
	ansi    bool
	verbose bool
}

func newScreen(w io.Writer, verbose bool) *screen {
	return &screen{w: w, ansi: isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb", verbose: verbose}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

type style string

const (
	bold  style = "1"
	dim   style = "2"
	plain style = ""
	red   style = "1;31"
	green style = "32"
)

func (s *screen) paint(st style, text string) string {
	if !s.ansi || st == plain {
		return text
	}
	return "\x1b[" + string(st) + "m" + text + "\x1b[0m"
}

func (s *screen) title(name, what string) {
	fmt.Fprintf(s.w, "\n%s  %s\n", s.paint(bold, name), what)
}

func (s *screen) fact(text string) {
	for _, line := range wrap(text, width) {
		fmt.Fprintln(s.w, s.paint(dim, line))
	}
}

func (s *screen) stop(st stop) {
	fmt.Fprintf(s.w, "\n%s\n", s.paint(bold, "── "+st.Name+" "+strings.Repeat("─", width-4-utf8.RuneCountInString(st.Name))))
}

func (s *screen) promise(p promise) {
	fmt.Fprintln(s.w)
	for _, line := range wrap(p.Text, width) {
		fmt.Fprintln(s.w, s.paint(bold, line))
	}
}

// held prints an attack that failed: its name, and on the right who refused it; what was sent; what
// came back.
func (s *screen) held(a attack, o outcome, took time.Duration) {
	by := o.By
	if s.verbose {
		by += " · " + took.Round(time.Millisecond).String()
	}
	gap := max(2, width-10-utf8.RuneCountInString(a.Name)-utf8.RuneCountInString(by))
	fmt.Fprintf(s.w, "  %s    %s%s%s\n", s.paint(green, "held"), a.Name, strings.Repeat(" ", gap), s.paint(dim, by))
	s.block("> ", a.Sends, dim)
	s.block("< ", o.Came, plain)
}

func (s *screen) broken(a attack, err error) {
	fmt.Fprintf(s.w, "  %s\n", s.paint(red, "BROKEN  "+a.Name))
	s.block("> ", a.Sends, dim)
	s.block("< ", err.Error(), red)
}

func (s *screen) block(mark, text string, st style) {
	if text == "" {
		return
	}
	const enough = 6 // lines, unless the visitor asked for all
	for i, line := range wrap(text, width-12) {
		if i > 0 {
			mark = "  "
		}
		if i == enough && !s.verbose {
			fmt.Fprintf(s.w, "            %s\n", s.paint(dim, "… (-v shows the rest)"))
			return
		}
		fmt.Fprintf(s.w, "          %s%s\n", s.paint(dim, mark), s.paint(st, line))
	}
}

func (s *screen) summary(t tally, facts ...string) {
	fmt.Fprintf(s.w, "\n%s\n", s.paint(bold, strings.Repeat("─", width)))
	verdict, st := fmt.Sprintf("%d of %d promises held", t.held, t.promises), green
	if t.broken() {
		verdict, st = fmt.Sprintf("BROKEN: %d of %d promises held", t.held, t.promises), red
	}
	facts = append([]string{fmt.Sprintf("%d of %d attacks repelled", t.repelled, t.attacks)}, facts...)
	fmt.Fprintf(s.w, "%s  %s\n\n", s.paint(st, verdict), s.paint(dim, strings.Join(facts, " · ")))
}

// working shows on a terminal that something is going on, and how far count has come, until the
// function it returns is called.
func (s *screen) working(what string, count *atomic.Int64) (done func()) {
	if !s.ansi {
		return func() {}
	}
	stop, first := make(chan struct{}), count.Load()
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(80 * time.Millisecond)
		defer tick.Stop()
		frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
		for i := 0; ; i++ {
			select {
			case <-stop:
				fmt.Fprint(s.w, "\r\x1b[K")
				return
			case <-tick.C:
			}
			text := what
			if n := count.Load() - first; n > 0 {
				text += "  " + thousands(n)
			}
			fmt.Fprintf(s.w, "\r\x1b[K  %s       %s", s.paint(green, string(frames[i%len(frames)])), s.paint(dim, text))
		}
	})
	return func() { close(stop); wg.Wait() }
}

// wrap breaks text into lines of at most n columns, between words where it can.
func wrap(text string, n int) (lines []string) {
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			for r := []rune(word); len(r) > n; r = []rune(word) { // no word of ours, but a database's may be
				if line != "" {
					lines, line = append(lines, line), ""
				}
				lines, word = append(lines, string(r[:n])), string(r[n:])
			}
			switch {
			case line == "":
				line = word
			case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= n:
				line += " " + word
			default:
				lines, line = append(lines, line), word
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// thousands writes 1234567 as 1,234,567.
func thousands[N int | int64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

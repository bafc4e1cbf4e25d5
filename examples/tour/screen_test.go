package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestColourIsForTerminalsThatWantIt(t *testing.T) {
	tty, err := os.Open(os.DevNull) // a character device, as a terminal is
	require.NoError(t, err)
	defer tty.Close()
	file, err := os.Create(t.TempDir() + "/out")
	require.NoError(t, err)
	defer file.Close()
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	require.True(t, newScreen(tty, false).ansi)
	require.False(t, newScreen(file, false).ansi)
	require.False(t, newScreen(&bytes.Buffer{}, false).ansi)
	t.Setenv("NO_COLOR", "1")
	require.False(t, newScreen(tty, false).ansi)
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "dumb")
	require.False(t, newScreen(tty, false).ansi)
}

func TestATerminalSeesProgressAndABrokenPromiseInRed(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := &screen{w: &b, ansi: true}
	var n atomic.Int64
	done := s.working("counting", &n)
	n.Store(1234)
	time.Sleep(200 * time.Millisecond)
	done()
	require.Contains(t, b.String(), "counting  1,234")
	require.True(t, strings.HasSuffix(b.String(), "\r\x1b[K"), "the line is left standing")
	b.Reset()
	s.broken(attack{Name: "x"}, errors.New("y"))
	require.Contains(t, b.String(), "\x1b[1;31mBROKEN  x\x1b[0m")
}

func TestLongLinesAreWrappedAndLongAnswersCut(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"aaa bb", "cccc"}, wrap("aaa bb cccc", 7))
	require.Equal(t, []string{"ab", "éééé", "é c"}, wrap("ab ééééé c", 4))
	require.Equal(t, []string{"one", "two"}, wrap("one\ntwo\n", 10))
	require.Equal(t, "-1,234,567", thousands(-1234567))
	var b bytes.Buffer
	(&screen{w: &b}).block("< ", strings.Repeat("line\n", 20), plain)
	require.Equal(t, 7, strings.Count(b.String(), "\n"))
	b.Reset()
	(&screen{w: &b, verbose: true}).block("< ", strings.Repeat("line\n", 20), plain)
	require.Equal(t, 20, strings.Count(b.String(), "\n"))
}

package supportgrant

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestATicketAndAReasonCanBeSeenAsTheyAre(t *testing.T) {
	t.Parallel()
	for what, s := range map[string]string{
		"nothing": "", "white space": " \t\n\u2003", "no-break space": "a\u00a0bcdefghijkl", "control": "abcdefghij\x07kl", "escape": "abcdefghijkl\x1b[31m", "NUL": "abcdefghijkl\x00m",
		"right to left override": "abcdefghij\u202egnp.exe", "isolate": "abcdefghij\u2067kl", "mark of direction": "abcdefghij\u200fkl", "zero width space": "abcdef\u200bghijkl",
		"byte order mark": "abcdefghij\ufeffkl", "line separator": "abcdefghij\u2028kl", "tag": "abcdefghij\U000e0041kl", "private use": "abcdefghij\ue000kl", "soft hyphen": "abcdefghij\u00adkl",
		"filler": "abcdefghij\u3164kl", "braille blank": "abcdefghij\u2800kl", "lone joiner": "abcdefghij \u200dkl", "not UTF-8": "abcdefghij\xffkl", "replacement": "abcdefghij\ufffdkl",
		"heap of marks": "abcdefghijk" + strings.Repeat("\u0301", 20),
	} {
		_, err := ticketOf(s)
		require.ErrorIs(t, err, ErrInvalid, what)
		_, err = reasonOf(s)
		require.ErrorIs(t, err, ErrInvalid, what)
		if s = strings.TrimSpace(s); s != "" {
			require.NotContains(t, err.Error(), s)
			require.Error(t, personOf("by", Person(s)), what)
		}
	}
	for _, s := range []string{"Posts do not show up", "<script>alert('hello')</script>", "می\u200cخواهم بدانم چرا", "Приложение падает при входе", "投稿が表示されないのはなぜですか教えて", "Größe – «why»? 👩\u200d💻 looked", "a\u0301e\u0301i\u0301o\u0301u\u0301 bcdefgh"} {
		got, err := reasonOf("  " + s + "\n")
		require.NoError(t, err, s)
		require.Equal(t, s, got, "kept plain")
		_, err = ticketOf(s)
		require.NoError(t, err, s)
	}
	_, err := reasonOf("line one\nline two")
	require.NoError(t, err)
	_, err = ticketOf("line one\nline two")
	require.ErrorIs(t, err, ErrInvalid)
	for _, s := range []string{"too short", "..........!!!!!", "a b c d e f g", strings.Repeat("x", 1001)} {
		_, err := reasonOf(s)
		require.ErrorIs(t, err, ErrInvalid, s)
	}
	_, err = ticketOf(strings.Repeat("ü", 128))
	require.NoError(t, err)
	_, err = ticketOf(strings.Repeat("ü", 129))
	require.ErrorIs(t, err, ErrInvalid)
	for _, p := range []Person{"", Person(strings.Repeat("x", 129)), "a\nb"} {
		require.ErrorIs(t, personOf("by", p), ErrInvalid)
	}
}

func TestTextThatIsTakenIsTakenAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		once, err := reasonOf(rapid.String().Draw(t, "text") + " and ten letters more")
		if err != nil {
			return
		}
		again, err := reasonOf(once)
		if err != nil || again != once {
			t.Fatalf("%q becomes %q: %v", once, again, err)
		}
	})
}

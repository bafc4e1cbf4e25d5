package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// The corpus of secrets holds no secret: where one stands, a line has ‹set length›, such as ‹a36›, and random text of
// that set is put there when the test runs. ⏎ is a line break. See bytesOf for the sets.

const lowers, uppers, digits = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"

// bytesOf are the sets that are plain lists of bytes.
var bytesOf = map[byte]string{
	'd': digits,
	'h': digits + "abcdef",
	'U': digits + "ABCDEF",
	'l': digits + lowers,
	'u': digits + uppers,
	'a': digits + lowers + uppers,
	'c': lowers + uppers,
	'w': digits + lowers + uppers + "-_",
	'b': digits + lowers + uppers + "+/",
	'v': uppers + "234567",
	'B': uppers + "234567",
	'n': "023456789ACDEFGHJKLMNPQRSTUVWXYZ",
	'V': "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
}

func randomOf(r *rand.Rand, set string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = set[r.IntN(len(set))]
	}
	if n > 4 && strings.ContainsAny(set, "-_+/") { // no service begins or ends its tokens with them, or few do
		b[0], b[n-1] = set[r.IntN(10)], set[10+r.IntN(26)]
	}
	return string(b)
}

// fill puts random text into a line of the corpus.
func fill(r *rand.Rand, line string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(line, "‹")
		b.WriteString(before)
		if !ok {
			return strings.ReplaceAll(b.String(), "⏎", "\n")
		}
		spec, after, _ := strings.Cut(rest, "›")
		b.WriteString(randomText(r, spec[0], spec[1:]))
		line = after
	}
}

func randomText(r *rand.Rand, set byte, length string) string {
	n, _ := strconv.Atoi(length)
	switch set {
	case 'g', 'G': // a UUID
		h := randomOf(r, bytesOf['h'], 32)
		h = h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-9" + h[17:20] + "-" + h[20:]
		if set == 'G' {
			h = strings.ToUpper(h)
		}
		return h
	case 'X': // bytes in hexadecimal with colons
		s := randomOf(r, bytesOf['U'], 2)
		for range n - 1 {
			s += ":" + randomOf(r, bytesOf['U'], 2)
		}
		return s
	case 'e': // user and password in base64
		return base64.StdEncoding.EncodeToString([]byte("ops:" + randomOf(r, bytesOf['a'], n*3/4-4)))
	case 'D': // the number of an account in base64
		return base64.RawStdEncoding.EncodeToString([]byte("7" + randomOf(r, digits, n-1)))
	case 'k': // with the checksum that GitHub puts behind its tokens
		s := randomOf(r, bytesOf['a'], n)
		sum, tail := crc32.ChecksumIEEE([]byte(s)), ""
		for range 6 {
			tail = string((digits + uppers + lowers)[sum%62]) + tail
			sum /= 62
		}
		return s + tail
	}
	if d := bytesOf[set]; d != "" {
		return randomOf(r, d, n)
	}
	panic("no such set: " + string(set))
}

// filled returns the lines of a corpus with their random text, the same on every run.
func filled(t testing.TB, name string, round uint64) []labelled {
	lines := readCorpus(t, name)
	for i := range lines {
		l := &lines[i]
		r := rand.New(rand.NewPCG(uint64(i), round))
		text, at := "", 0
		for k, s := range l.spans {
			text += fill(r, l.text[at:s[0]])
			inside := fill(r, l.text[s[0]:s[1]])
			at = s[1]
			l.spans[k] = [2]int{len(text), len(text) + len(inside)}
			text += inside
		}
		l.text = text + fill(r, l.text[at:])
	}
	return lines
}

// taken returns what of the text a Redactor would replace.
func taken(r *redact.Redactor, text string) (spans [][2]int) {
	for m := range r.Find([]byte(text)) {
		spans = append(spans, [2]int{m.Start, m.End})
	}
	return spans
}

// covered reports whether all of text[s[0]:s[1]] but spaces and line breaks lies in the spans.
func covered(text string, s [2]int, spans [][2]int) bool {
	for i := s[0]; i < s[1]; i++ {
		in := text[i] <= ' '
		for _, o := range spans {
			in = in || o[0] <= i && i < o[1]
		}
		if !in {
			return false
		}
	}
	return true
}

func TestSecretsOfManyServicesAndSyntaxesAreFoundAndNothingBesideThem(t *testing.T) {
	t.Parallel()
	const rounds = 5
	r := redact.Default()
	total, missed, wrong := 0, 0, 0
	services := map[string]bool{}
	for round := range uint64(rounds) {
		for _, l := range filled(t, "secrets.txt", round) {
			services[l.rule] = true
			got := taken(r, l.text)
			for _, s := range l.spans {
				total++
				if !covered(l.text, s, got) {
					missed++
					t.Logf("%s: missed %q in %s", l.rule, l.text[s[0]:s[1]], l.text)
				}
			}
			for _, g := range got {
				if !covered(l.text, g, l.spans) {
					wrong++
					t.Logf("%s: wrongly took %q in %s", l.rule, l.text[g[0]:g[1]], l.text)
				}
			}
			require.Equal(t, r.String(l.text), r.String(r.String(l.text)))
		}
	}
	t.Logf("found %d of %d places of %d services and syntaxes, %d wrong", total-missed, total, len(services), wrong)
	require.GreaterOrEqual(t, total/rounds, 300)
	require.GreaterOrEqual(t, len(services), 80)
	require.Zero(t, wrong)
	require.LessOrEqual(t, missed, total/20, "at most one in twenty is missed")
}

func TestWhatOnlyLooksLikeASecretStays(t *testing.T) {
	t.Parallel()
	r := redact.Default()
	wrong := 0
	for round := range uint64(5) {
		lines := filled(t, "harmless.txt", round)
		require.GreaterOrEqual(t, len(lines), 500)
		for _, l := range lines {
			for m := range r.Find([]byte(l.text)) {
				wrong++
				t.Logf("%s %s takes %q in %s", m.Kind, m.Rule, l.text[m.Start:m.End], l.text)
			}
		}
	}
	require.Zero(t, wrong)
}

func TestLinesWithSecretsStayValidStableAndTheSameInAStream(t *testing.T) {
	t.Parallel()
	r := everything(t)
	var whole strings.Builder
	for _, l := range append(filled(t, "secrets.txt", 7), filled(t, "harmless.txt", 7)...) {
		out := r.String(l.text)
		require.Equal(t, out, r.String(out), l.text)
		require.Equal(t, strings.Count(l.text, "\n"), strings.Count(out, "\n")+hidden(r, l.text), l.text)
		if json.Valid([]byte(l.text)) && strings.ContainsAny(l.text[:1], "{[\"") {
			require.True(t, json.Valid([]byte(out)), out)
		}
		quoted, err := json.Marshal(map[string]string{"msg": l.text, "email": "a"})
		require.NoError(t, err)
		require.True(t, json.Valid(r.Append(nil, quoted)), "%s", r.Append(nil, quoted))
		require.Equal(t, r.String(string(quoted)), r.String(r.String(string(quoted))))
		whole.WriteString(l.text)
		whole.WriteByte('\n')
	}
	text := whole.String()
	want := r.String(text)
	require.Equal(t, want, r.String(want))
	for _, step := range []int{1, 7, 97, 1009, 4099, 16001} {
		var b strings.Builder
		w := r.Writer(&b)
		for rest := text; rest != ""; {
			n := min(step, len(rest))
			_, err := w.Write([]byte(rest[:n]))
			require.NoError(t, err)
			rest = rest[n:]
		}
		require.NoError(t, w.Close())
		require.True(t, want == b.String(), "in writes of %d", step)
	}
}

// hidden counts the line breaks that lie in matches.
func hidden(r *redact.Redactor, text string) (n int) {
	for _, s := range taken(r, text) {
		n += strings.Count(text[s[0]:s[1]], "\n")
	}
	return n
}

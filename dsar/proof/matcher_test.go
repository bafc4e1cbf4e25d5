package proof

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// found are the names of the forms in which one of the values is in text.
func found(text string, values ...string) (names []string) {
	var forms []form
	for i, v := range values {
		forms = append(forms, formsOf(v, i)...)
	}
	m := newMatcher(forms)
	m.each([]byte(text), func(f, _ int, alone bool) {
		if alone && !slices.Contains(names, forms[f].name) {
			names = append(names, forms[f].name)
		}
	})
	return names
}

func TestTheMatcherFindsWhatASearchForEachPatternFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]byte("abAB\x00é.9"))
		pattern := rapid.Custom(func(t *rapid.T) form {
			f := form{pattern: rapid.SliceOfN(letters, 3, 9).Draw(t, "pattern"), fold: rapid.Bool().Draw(t, "fold")}
			if f.fold {
				f.pattern = bytes.ToLower(f.pattern)
			}
			return f
		})
		forms := rapid.SliceOfN(pattern, 0, 12).Draw(t, "forms")
		text := rapid.SliceOfN(letters, 0, 60).Draw(t, "text")
		want, got := map[string]bool{}, map[string]bool{}
		for n, f := range forms {
			for i := 0; i+len(f.pattern) <= len(text); i++ {
				part := text[i : i+len(f.pattern)]
				if bytes.Equal(part, f.pattern) || f.fold && asciiFold(part, f.pattern) {
					want[fmt.Sprint(n, "@", i)] = true
				}
			}
		}
		m := newMatcher(forms)
		m.each(text, func(n, i int, _ bool) { got[fmt.Sprint(n, "@", i)] = true })
		require.Equal(t, want, got)
		require.Equal(t, len(want) > 0, m.any(text))
	})
}

func asciiFold(a, b []byte) bool {
	for i := range a {
		if small[a[i]] != small[b[i]] {
			return false
		}
	}
	return true
}

func TestEveryEncodingOfAValueIsFoundWhereverItStands(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"jane.roe@example.test", "Zoë O'Brien-Müller <x>", "+61 400 123 456", "j_roe&co=100%/2"} {
		for name, write := range encodings {
			for _, around := range [][2]string{{"", ""}, {" ", " "}, {"to: ", "\n"}, {"“", "”"}, {"<", ">"}, {"x=", "&y"}, {"ab_", "__cd"}, {"\x00\x01", "\x02"}} {
				text := write(around[0], value, around[1])
				require.NotEmpty(t, found(text, value), "%s of %q in %q", name, value, text)
			}
		}
	}
}

func TestWhatIsPartOfSomebodyElsesValueIsNotFound(t *testing.T) {
	t.Parallel()
	const ann = "ann@example.test"
	for _, other := range []string{"joann@example.test", "ann@example.testing", "ann@example2.test", "an n@example.test"} {
		for name, write := range encodings {
			require.Empty(t, found(write("", other, ""), ann), "%s of %q", name, other)
			require.Empty(t, found(write("ab ", other, " cd"), ann), "%s of %q", name, other)
		}
	}
	for text, want := range map[string]bool{
		`{"a":"x\nann@example.test"}`: true, "a%3Aann%40example.test": true, "61ann@example.test": false, `\u003cann@example.test\u003e`: true,
		"=C3ann@example.test": true, "x" + hex.EncodeToString([]byte(ann)): true, hex.EncodeToString([]byte("jo" + ann)): false,
		"xx" + base64.StdEncoding.EncodeToString([]byte("to:"+ann+",bob")): true,
	} {
		require.Equal(t, want, len(found(text, ann)) > 0, text)
	}
	require.Empty(t, found("éann@example.test joëann@example.test", ann))
	require.Empty(t, found("call 1614001234567", "+61 400 123 456"))
	require.Equal(t, []string{"digits"}, found("call 61400123456.", "+61 400 123 456"))
}

func TestShortPatternsAreNotLookedForInsideOfText(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"abcde", "Al Bo", "12345", "1234567"} {
		for _, f := range formsOf(value, 0) {
			require.GreaterOrEqual(t, len(f.pattern), shortestText)
			if f.beside == inBase64 {
				require.GreaterOrEqual(t, len(f.pattern), shortestBase64)
			}
		}
	}
}

func TestTheMatcherAllocatesNothing(t *testing.T) {
	m := newMatcher(formsOf("jane.roe@example.test", 0))
	row := []byte(strings.Repeat("nothing of the kind, ", 20))
	require.Zero(t, testing.AllocsPerRun(100, func() { m.any(row) }))
}

func BenchmarkMatcher(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		var forms []form
		for i := range n {
			forms = append(forms, formsOf(fmt.Sprintf("subject%d.name%d@example.test", i*7919, i), i)...)
		}
		m := newMatcher(forms)
		row := []byte(strings.Repeat("Lorem ipsum dolor sit amet, user1234@example.test, consectetur ", 4))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(len(row)))
			for b.Loop() {
				if m.any(row) {
					b.Fatal()
				}
			}
			b.ReportMetric(float64(len(forms)), "patterns")
		})
	}
}

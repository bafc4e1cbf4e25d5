package redact

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// A sighting is what a recogniser says of a place.
type sighting struct {
	s, e int
	kind Kind
	rule string
	ok   bool
}

// sightings asks each recogniser about src[i], as the scan would.
func sightings(src []byte, i int, on *[lastKind]bool) (all [4]sighting) {
	if isDigit(src[i]) && (i == 0 || !isDigit(src[i-1])) {
		end := i
		for end < len(src) && end < i+maxRun && (isDigit(src[end]) || isGroupSep(src[end])) {
			end++
		}
		n := &all[0]
		n.s, n.e, n.kind, n.rule, n.ok = numberAt(src, i, end, on)
	}
	if isAlnum(src[i]) && (i == 0 || !isAlnum(src[i-1])) {
		end := i
		for end < len(src) && isAlnum(src[end]) {
			end++
		}
		n := &all[1]
		n.s, n.e, n.kind, n.rule, n.ok = lettersAndDigitsAt(src, i, end, on)
	}
	n := &all[2]
	n.s, n.e, n.rule, n.ok = emailAt(src, i)
	n = &all[3]
	n.s, n.e, n.kind, n.rule, n.ok = ipAt(src, i, on)
	return all
}

// FuzzRecognisers holds each recogniser to its contract: it never panics, what it finds lies in the text and near the place it
// was asked about, and bytes that are further away than it may read change nothing.
func FuzzRecognisers(f *testing.F) {
	for _, s := range []string{
		"call +44 (0)20 7946 0958 now", "(212) 555-0142 x12", "4111 1111 1111 1111 12/27", "ann+x@mail.example.org.", `\"a b\"@x.io`,
		"NL00 ABCD 0123 4567 89", "AB 12 34 56 C", "131052-308T", "fe80::1%eth0/64", "::ffff:192.0.2.1", "00-1a-2b-3c-4d-5e", "1 85 05 78 006 084 36",
		"12.345.678-Z", "X-1234567-L", "A123456(3)", "756.1234.5678.97", "%20212-555-0142", "\xff@\xff.com", "é@é.é", "((((0)))", "+", "1 1 1 1 1 1 1 1 1 1 1 1",
	} {
		f.Add([]byte(s))
	}
	var on [lastKind]bool
	for k := range on {
		on[k] = true
	}
	const back, ahead = 160, 640 // more than any recogniser reads, contexts of contexts included
	f.Fuzz(func(t *testing.T, src []byte) {
		before := bytes.Clone(src)
		padded := append(append(bytes.Repeat([]byte("9"), 512), src...), bytes.Repeat([]byte("9"), 1024)...)
		other := bytes.Clone(padded)
		for i := range other {
			if i < 512-back || i >= 512+len(src)+ahead {
				other[i] = 'a'
			}
		}
		for i := range src {
			for _, n := range sightings(src, i, &on) {
				if n.ok {
					require.NotEmpty(t, n.rule)
					require.True(t, 0 <= n.s && n.s < n.e && n.e <= len(src), "span %d-%d of %d", n.s, n.e, len(src))
					require.True(t, n.s >= i-64 && n.e <= i+maxRun+320, "span %d-%d is far from %d", n.s, n.e, i)
				}
			}
			require.Equal(t, sightings(padded, 512+i, &on), sightings(other, 512+i, &on))
		}
		require.Equal(t, before, src, "the text is only read")
	})
}

func TestRecognisersAllocateNothing(t *testing.T) {
	var on [lastKind]bool
	for k := range on {
		on[k] = true
	}
	for _, s := range []string{"ssn 123456789 of", "+44 20 7946 0958", "card 4111111111111111", "NL00ABCD0123456789", "AB123456C", "a@b.example", "2001:db8::1", "rodné číslo 8501010000"} {
		src := []byte(s)
		require.Zero(t, testing.AllocsPerRun(20, func() {
			for i := range src {
				sightings(src, i, &on)
			}
		}), s)
	}
}

func BenchmarkRecognisers(b *testing.B) {
	on := Default().on
	on[IP], on[MAC] = true, true
	for _, c := range []struct{ name, before, candidate string }{
		{"epoch", "ts=", "1767225600"}, {"epoch ms", "ts=", "1767225600123"}, {"date", "", "2026-03-01"}, {"nine digits", `{"id":`, "482910337"}, {"card", "card ", "4111 1111 1111 1111"}, {"phone", "to ", "+44 20 7946 0958"}, {"columns", "", "1234 1234 1234 1234 1234 1234 1234 1234"},
	} {
		src := []byte(c.before + c.candidate + " of the last run in the log line")
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				numberAt(src, len(c.before), len(c.before)+len(c.candidate), &on)
			}
		})
	}
	mail := []byte("sent to amelia.hart@mail.example.com in the last run")
	b.Run("email", func(b *testing.B) {
		for b.Loop() {
			emailAt(mail, 19)
		}
	})
	code := []byte("id 7f3A91c0d4e25b68 of")
	b.Run("letters and digits", func(b *testing.B) {
		for b.Loop() {
			lettersAndDigitsAt(code, 3, 19, &on)
		}
	})
	ip := []byte("from 192.0.2.17 port")
	b.Run("ip", func(b *testing.B) {
		for b.Loop() {
			ipAt(ip, 5, &on)
		}
	})
}

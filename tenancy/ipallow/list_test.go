package ipallow

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func mustList(t testing.TB, text string) *List {
	t.Helper()
	l, err := ParseList(text)
	require.NoError(t, err)
	return l
}

func TestPrefixesAreBroughtIntoOneForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"203.0.113.7":             "203.0.113.7/32",
		" 203.0.113.0/24\t":       "203.0.113.0/24",
		"2001:DB8::/32":           "2001:db8::/32",
		"2001:db8::1":             "2001:db8::1/128",
		"::ffff:203.0.113.7":      "203.0.113.7/32",
		"::ffff:10.0.0.0/104":     "10.0.0.0/8",
		"::ffff:0a00:0000/104":    "10.0.0.0/8",
		"64:ff9b::/96":            "64:ff9b::/96",
		"2002:a00::/24":           "2002:a00::/24",
		"fe80::/10":               "fe80::/10",
		"127.0.0.1":               "127.0.0.1/32",
		"":                        "",
		"   ":                     "",
		"office":                  "",
		"203.0.113.7/33":          "",
		"203.0.113.7/-1":          "",
		"203.0.113.0/024":         "",
		"203.0.113.0/24/24":       "",
		"203.0.113.0/255.255.0.0": "",
		"203.0.113.0-203.0.113.9": "",
		"203.0.113.*":             "",
		"203.0.113":               "",
		"203.0.113.07":            "",
		"0xcb007107":              "",
		"203.0.113.7:80":          "",
		"[2001:db8::1]":           "",
		"fe80::1%eth0":            "",
		"fe80::%eth0/64":          "",
		"::ffff:0:0/95":           "",
		"::ffff:10.0.0.1/64":      "",
		"0.0.0.0/0":               "",
		"::/0":                    "",
		"::ffff:0.0.0.0/96":       "",
		"0.0.0.0":                 "",
		"::":                      "",
		"::ffff:0.0.0.0":          "",
		"203.0.113.7/24":          "",
		"2001:db8::1/64":          "",
		strings.Repeat("1", 1000): "",
	} {
		p, err := ParsePrefix(in)
		if want == "" {
			require.ErrorIs(t, err, ErrList, in)
			e, ok := errors.AsType[*EntryError](err)
			require.True(t, ok, in)
			require.NotEmpty(t, e.Reason)
			continue
		}
		require.NoError(t, err, in)
		require.Equal(t, want, p.String(), in)
	}
}

func TestHostBitsAreRefusedWithTheNetworkThatMayBeMeant(t *testing.T) {
	t.Parallel()
	_, err := ParseList("# offices\n192.0.2.0/24\n10.1.2.3/16 # Leeds\n")
	e, ok := errors.AsType[*EntryError](err)
	require.True(t, ok, err)
	require.Equal(t, 3, e.Line)
	require.Equal(t, "10.1.0.0/16", e.Masked.String())
	require.NotContains(t, err.Error(), "10.1", "an error repeats no address")
	require.NotContains(t, err.Error(), "Leeds")
}

func TestListThatRestrictsNobodyIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"0.0.0.0/0", "::/0", "0.0.0.0/1\n128.0.0.0/1", "::/1\n8000::/1", "2000::/3", "2000::/4\n3000::/4",
		"0.0.0.0/1\n128.0.0.0/2\n192.0.0.0/3", "0.0.0.0/2\n64.0.0.0/2\n128.0.0.0/2\n192.0.0.0/2",
		"::ffff:0:0/97\n::ffff:128.0.0.0/97",
	} {
		_, err := ParseList(text)
		require.ErrorIs(t, err, ErrList, text)
	}
	for _, text := range []string{"0.0.0.0/1\n192.0.0.0/2", "128.0.0.0/1", "2000::/4", "::/3"} {
		_, err := ParseList(text)
		require.NoError(t, err, text)
	}
}

func TestListRefusesWhatItCannotHold(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"listed twice":            "10.0.0.0/8\n10.0.0.0/8",
		"listed twice, mapped":    "10.0.0.0/8\n::ffff:10.0.0.0/104",
		"listed twice, one added": "10.0.0.1\n10.0.0.1/32",
		"note too long":           "10.0.0.0/8 # " + strings.Repeat("x", MaxNote+1),
		"note with a control":     "10.0.0.0/8 # a\x07b",
		"note not UTF-8":          "10.0.0.0/8 # \xff",
		"note that turns text":    "10.0.0.0/8 # a\u202eb",
		"two networks on a line":  "10.0.0.0/8 192.0.2.0/24",
		"commas":                  "10.0.0.0/8,192.0.2.0/24",
		"semicolon note":          "10.0.0.0/8 ; office",
	} {
		_, err := ParseList(text)
		_, ok := errors.AsType[*EntryError](err)
		require.True(t, ok, name)
	}
	many := make([]Entry, MaxEntries+1)
	for i := range many {
		many[i].Prefix = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
	}
	_, err := NewList(many...)
	require.ErrorIs(t, err, ErrList)
	l, err := NewList(many[:MaxEntries]...)
	require.NoError(t, err)
	_, err = ParseList(l.Text() + "192.0.2.1\n")
	require.ErrorIs(t, err, ErrList)
	_, err = ParseList(strings.Repeat("#\n", maxText))
	require.ErrorIs(t, err, ErrList)
	_, err = NewList(Entry{})
	require.ErrorIs(t, err, ErrList)
}

func TestListContainsEachFormOfAnAddress(t *testing.T) {
	t.Parallel()
	l := mustList(t, "10.0.0.0/8 # all\n10.1.0.0/16 # Leeds\n2001:db8::/32\nfe80::/10\n203.0.113.7")
	for a, want := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "203.0.113.7": true, "2001:db8::1": true, "fe80::1%eth0": true,
		"11.0.0.0": false, "203.0.113.8": false, "2001:db9::": false, "::10.1.2.3": false, "64:ff9b::10.1.2.3": false, "2002:a01:203::": false,
	} {
		require.Equal(t, want, l.Contains(netip.MustParseAddr(a)), a)
	}
	require.False(t, l.Contains(netip.Addr{}))
	e, ok := l.Lookup(netip.MustParseAddr("::ffff:10.1.2.3"))
	require.True(t, ok)
	require.Equal(t, "Leeds", e.Note, "the smallest network")
	_, ok = l.Lookup(netip.MustParseAddr("11.0.0.1"))
	require.False(t, ok)
	_, ok = l.Lookup(netip.Addr{})
	require.False(t, ok)
}

func TestNilListContainsNobody(t *testing.T) {
	t.Parallel()
	var l *List
	require.False(t, l.Contains(netip.MustParseAddr("127.0.0.1")))
	_, ok := l.Lookup(netip.MustParseAddr("127.0.0.1"))
	require.False(t, ok)
	require.Zero(t, l.Len())
	require.Empty(t, l.Entries())
	require.Empty(t, l.Text())
	added, removed := l.Diff(mustList(t, "10.0.0.0/8"))
	require.Len(t, added, 1)
	require.Empty(t, removed)
	added, removed = mustList(t, "10.0.0.0/8").Diff(nil)
	require.Empty(t, added)
	require.Len(t, removed, 1)
	require.False(t, Policy{}.Allows(netip.MustParseAddr("127.0.0.1")), "the zero policy is nobody")
	require.True(t, Policy{Open: true}.Allows(netip.Addr{}))
}

func TestPrintingAListShowsNoAddress(t *testing.T) {
	t.Parallel()
	p := Policy{List: mustList(t, "203.0.113.7 # Anna at home")}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{p.List, p, Record{Policy: p}} {
			out := fmt.Sprintf(verb, v)
			require.NotContains(t, out, "203.0", verb)
			require.NotContains(t, out, "Anna", verb)
		}
	}
}

func TestListIsImmutable(t *testing.T) {
	t.Parallel()
	entries := []Entry{{Prefix: netip.MustParsePrefix("203.0.113.0/24")}, {Prefix: netip.MustParsePrefix("10.0.0.0/8")}}
	l, err := NewList(entries...)
	require.NoError(t, err)
	require.Equal(t, "203.0.113.0/24", entries[0].Prefix.String(), "the caller's slice stays as it was")
	entries[1].Note = "changed"
	l.Entries()[0].Note = "changed"
	require.Equal(t, "10.0.0.0/8\n203.0.113.0/24\n", l.Text())
}

func drawEntries(t *rapid.T, label string) []Entry {
	prefix := rapid.Custom(func(t *rapid.T) netip.Prefix {
		a := drawAddr(t, "address")
		if a.Is4() { // close together, so that networks overlap
			b := a.As4()
			b[0], b[1] = 10, b[1]&3
			a = netip.AddrFrom4(b)
		}
		bits := a.BitLen() - rapid.IntRange(0, a.BitLen()-4).Draw(t, "host bits")
		return netip.PrefixFrom(a, bits).Masked()
	})
	var out []Entry
	for _, p := range rapid.SliceOfNDistinct(prefix, 0, 40, rapid.ID[netip.Prefix]).Draw(t, label) {
		if p.Addr().Is4In6() || p.IsSingleIP() && p.Addr().IsUnspecified() {
			continue
		}
		note := strings.TrimSpace(rapid.StringOfN(rapid.RuneFrom([]rune("ab #é1")), 0, 20, -1).Draw(t, "note"))
		out = append(out, Entry{Prefix: p, Note: note})
	}
	return out
}

func TestListAgreesWithALinearScan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t, "entries")
		l, err := NewList(entries...)
		if err != nil {
			t.Skip(err) // covers everyone
		}
		for range 50 {
			a := drawAddr(t, "address")
			if len(entries) > 0 && rapid.Bool().Draw(t, "near") {
				a = rapid.SampledFrom(entries).Draw(t, "entry").Prefix.Addr()
				switch rapid.IntRange(0, 2).Draw(t, "step") {
				case 1:
					a = a.Next()
				case 2:
					a = a.Prev()
				}
			}
			best := -1
			for i, e := range entries {
				if e.Prefix.Contains(a) && (best < 0 || e.Prefix.Bits() > entries[best].Prefix.Bits()) {
					best = i
				}
			}
			if got := l.Contains(a); got != (best >= 0) {
				t.Fatalf("Contains(%s) = %t", a, got)
			}
			e, ok := l.Lookup(a)
			if ok != (best >= 0) || ok && e != entries[best] {
				t.Fatalf("Lookup(%s) = %v, %t", a, e, ok)
			}
		}
	})
}

func TestTextAndDiffCarryAListOver(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, errA := NewList(drawEntries(t, "a")...)
		b, errB := NewList(drawEntries(t, "b")...)
		if errA != nil || errB != nil {
			t.Skip()
		}
		again, err := ParseList(a.Text())
		if err != nil || !slices.Equal(again.Entries(), a.Entries()) || again.Text() != a.Text() {
			t.Fatalf("%v\n%s\n%s", err, a.Text(), again.Text())
		}
		added, removed := a.Diff(b)
		now := slices.DeleteFunc(a.Entries(), func(e Entry) bool { return slices.Contains(removed, e) })
		c, err := NewList(append(now, added...)...)
		if err != nil || c.Text() != b.Text() {
			t.Fatalf("%v\n%s\n%s", err, c.Text(), b.Text())
		}
	})
}

// FuzzParseList holds the parser to: what it takes reads back as itself, is in one form, and restricts.
func FuzzParseList(f *testing.F) {
	for _, s := range []string{
		"", "10.0.0.0/8", "10.0.0.0/8 # office\r\n\r\n# comment\n2001:db8::1#x", "0.0.0.0/1\n128.0.0.0/1", "::ffff:1.2.3.4/120",
		"1.2.3.4/32\n1.2.3.4", "fe80::%1/64", "10.0.0.0/8 # # #", "\xff", "10.0.0.1/8",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseList(s)
		if err != nil {
			require.ErrorIs(t, err, ErrList)
			return
		}
		again, err := ParseList(l.Text())
		require.NoError(t, err)
		require.Equal(t, l.Entries(), again.Entries())
		for _, e := range l.Entries() {
			p := e.Prefix
			require.True(t, p.IsValid() && p == p.Masked() && p.Bits() > 0 && !p.Addr().Is4In6() && p.Addr().Zone() == "", p)
			require.True(t, l.Contains(p.Addr()))
			got, err := ParsePrefix(p.String())
			require.NoError(t, err)
			require.Equal(t, p, got)
		}
	})
}

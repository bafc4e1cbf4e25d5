package apitoken_test

import (
	"hash/crc32"
	"regexp"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// withSum appends the checksum of body, computed in another way than the package does.
func withSum(body string) string {
	sum, n := [6]byte{}, uint64(crc32.ChecksumIEEE([]byte(body)))
	for k := 5; k >= 0; k-- {
		sum[k] = alphabet[n%62]
		n /= 62
	}
	return body + string(sum[:])
}

func TestAPublishedTokenIsParsed(t *testing.T) {
	t.Parallel()
	id, err := live.Parse(published)
	require.NoError(t, err)
	require.Equal(t, "4mKq0ZtB91xY", id.String())
	require.Equal(t, published, withSum(published[:len(published)-6]))
}

func TestWhatIsMintedIsParsedAndMatches(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[a-z][a-z0-9]{1,15}`)
	rapid.Check(t, func(t *rapid.T) {
		f, err := apitoken.New(word.Draw(t, "brand"), word.Draw(t, "env"))
		require.NoError(t, err)
		made, other := f.Mint(), f.Mint()
		raw := made.Secret.Reveal()
		id, err := f.Parse(raw)
		require.NoError(t, err)
		require.Equal(t, made.ID, id)
		require.Equal(t, made.Hash, f.Hash(raw))
		require.True(t, f.Match(raw, made.Hash))
		require.False(t, f.Match(raw, other.Hash))
		require.NotEqual(t, made.ID, other.ID)
		require.Equal(t, raw[len(raw)-4:], made.Last4)
		require.Equal(t, withSum(raw[:len(raw)-6]), raw)
		require.Equal(t, raw, regexp.MustCompile(`\w+`).FindString(raw), "a double click selects the whole")
	})
}

// Every byte in the place of every byte: a CRC-32 notices all changes within 32 bits that stand together, and a checksum has one spelling.
func TestATokenWithOneChangedCharacterIsRefused(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{published, live.Mint().Secret.Reveal(), live.Mint().Secret.Reveal(), live.Mint().Secret.Reveal()} {
		b := []byte(raw)
		for i := range b {
			for c := range 256 {
				if b[i] = byte(c); byte(c) != raw[i] {
					refuse(t, string(b))
				}
			}
			b[i] = raw[i]
			if i > 0 && raw[i] != raw[i-1] {
				refuse(t, raw[:i-1]+raw[i:i+1]+raw[i-1:i]+raw[i+1:]) // two neighbours exchanged
			}
			refuse(t, raw[:i]+raw[i+1:])
			refuse(t, raw[:i]+"0"+raw[i:])
			refuse(t, raw[:i])
		}
	}
}

func refuse(t *testing.T, raw string) {
	t.Helper()
	if id, err := live.Parse(raw); err != apitoken.ErrMalformed || id != (apitoken.ID{}) { // the error itself: nothing was added to it
		t.Fatalf("%q: %v", raw, err)
	}
}

func TestWhatHasItsChecksumAndIsNoTokenIsRefused(t *testing.T) {
	t.Parallel()
	const good = "4mKq0ZtB91xYpTn0VQd3rJ7sLw2XbC5gHk8MfA6eRyUuDz1iPoNvE9q" // id and secret
	_, err := live.Parse(withSum("acme_live_" + good))
	require.NoError(t, err)
	for _, body := range []string{
		"acme_test_" + good, "acne_live_" + good, "ACME_live_" + good, "acme_livE_" + good, "acme-live-" + good, "acme_live" + good + "0", "acme__live" + good,
		"acme_live_" + good[1:], "acme_live_" + good + "0", " acme_live_" + good[1:], "acme_live_" + good[:54] + " ",
		"acme_live_" + good[:54] + "_", "acme_live_" + good[:54] + "-", "acme_live_" + "\x00" + good[1:], "acme_live_" + good[:20] + "\xff" + good[21:], "acme_live_" + "é" + good[2:],
		good, "",
	} {
		refuse(t, withSum(body))
	}
	for _, raw := range []string{"", "_", "acme_live_", strings.Repeat("0", 71), strings.Repeat("acme_live_", 1000), published + "\n", " " + published, published + " ", "Bearer " + published,
		published + published, strings.ToLower(published), strings.ToUpper(published), live.Display(live.Mint().ID)} {
		refuse(t, raw)
	}
}

// All spellings of the checksum but one have a value beyond 32 bits or another one.
func TestAChecksumHasOneSpelling(t *testing.T) {
	t.Parallel()
	body := published[:len(published)-6]
	rapid.Check(t, func(t *rapid.T) {
		sum := rapid.StringMatching(`[0-9A-Za-z]{6}`).Draw(t, "sum")
		_, err := live.Parse(body + sum)
		require.Equal(t, body+sum == published, err == nil)
	})
	refuse(t, body+"zzzzzz") // beyond 32 bits
}

func TestParsingAllocatesNothing(t *testing.T) {
	raw := strings.Clone(published)
	hash := live.Hash(raw)
	for _, in := range []string{raw, raw[:30] + "xxxx" + raw[34:], raw[:70], "", raw[:70] + "_"} {
		require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = live.Parse(in) }))
		require.Zero(t, testing.AllocsPerRun(100, func() { live.Match(in, hash) }))
	}
}

// FuzzParse compares Parse with the form in two lines. What is fuzzed is tried with its right checksum too.
func FuzzParse(f *testing.F) {
	for _, s := range []string{published, published[:65], "", "acme_live_", strings.Repeat("0", 65), published[:64] + "_", published[:64] + "é", "acme_test_" + published[10:65], strings.ToUpper(published)} {
		f.Add(s)
	}
	form := regexp.MustCompile(`\A(acme_live_([0-9A-Za-z]{12})[0-9A-Za-z]{43})[0-9A-Za-z]{6}\z`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, raw := range []string{s, withSum(s)} {
			id, err := live.Parse(raw)
			m := form.FindStringSubmatch(raw)
			switch {
			case m == nil || withSum(m[1]) != raw:
				if err != apitoken.ErrMalformed || id != (apitoken.ID{}) {
					t.Fatalf("%q: %v", raw, err)
				}
			case err != nil || id.String() != m[2]:
				t.Fatalf("%q: %v %v", raw, id, err)
			}
		}
	})
}

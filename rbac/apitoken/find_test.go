package apitoken_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/stretchr/testify/require"
)

// where tokens leak, with %s for the token. A letter or digit stands before some: of an escape.
var leaks = []string{
	"%s", "ACME_TOKEN=%s", "token: '%s'", `{"token":"%s"}`, `"key:\n%s\nend"`, "https://api.example/?access_token=%s&x=1", "next=%%2F%%3Ftoken%%3D%s%%26x",
	"Authorization: Bearer %s\r\n", "-H 'X-Key: %s'", "<b>%s</b>", "curl -u %s:", "a/%s/b", "one,%s,two", "%s.", "(%s)", "\ufeff%s", "é%sé", "x%s", "_%s",
}

func misses() []string {
	other := apitoken.MustNew("acme", "test").Mint().Secret.Reveal()
	return []string{published[:70], published + "0", published + "_", published[:20] + "-" + published[21:], published[:20] + "_" + published[21:], strings.ToUpper(published),
		"acne" + published[4:], "acme-live-" + published[10:], "acme_live" + published[10:], other, live.Display(live.Mint().ID), "acme_live_", "", "acme live " + published[10:],
		published[:30] + "\n" + published[30:], published[:30] + " " + published[30:]}
}

func TestThePatternFindsTokensAndNothingElse(t *testing.T) {
	t.Parallel()
	require.Equal(t, `acme_live_[0-9A-Za-z]{61}\b`, live.Pattern())
	re := regexp.MustCompile(live.Pattern())
	for range 100 {
		raw := live.Mint().Secret.Reveal()
		for _, leak := range leaks {
			require.Equal(t, []string{raw}, re.FindAllString(fmt.Sprintf(leak, raw), -1), leak)
		}
	}
	for _, s := range misses() {
		require.False(t, re.MatchString(s), "%q", s)
	}
}

func TestThePatternMeansTheSameInPCRE(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("grep", "-P", "--version").Output(); err != nil || !bytes.Contains(out, []byte("GNU grep")) {
		t.Skip("there is no grep with PCRE here")
	}
	raw := live.Mint().Secret.Reveal()
	var lines []string
	for _, leak := range leaks {
		lines = append(lines, strings.TrimSuffix(fmt.Sprintf(leak, raw), "\r\n"))
	}
	for _, s := range misses() {
		lines = append(lines, strings.ReplaceAll(s, "\n", " "))
	}
	cmd := exec.Command("grep", "-P", "-o", "-n", "-a", "-e", live.Pattern())
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n"))
	out, err := cmd.Output()
	require.NoError(t, err)
	var want strings.Builder
	for i := range leaks {
		fmt.Fprintf(&want, "%d:%s\n", i+1, raw)
	}
	require.Equal(t, want.String(), string(out))
}

func TestARedactorTakesTokensOutOfLogs(t *testing.T) {
	t.Parallel()
	r, err := redact.New(redact.Add(live.Rule()))
	require.NoError(t, err)
	bare, err := redact.New(redact.Kinds(), redact.Add(live.Rule())) // nothing but the rule
	require.NoError(t, err)
	made := live.Mint()
	raw := made.Secret.Reveal()
	gone := func(what, got string) {
		t.Helper()
		for i := len("acme_live_") + 12; i+5 <= len(raw); i++ {
			require.NotContains(t, got, raw[i:i+5], what)
		}
	}
	for _, leak := range leaks {
		s := fmt.Sprintf(leak, raw)
		gone(leak, r.String(s))
		require.Equal(t, strings.ReplaceAll(s, raw, "[redacted:custom]"), bare.String(s))
		gone(leak+" twice", r.String(s+s))
		gone(leak+" joined", r.String(fmt.Sprintf(leak, raw+raw)))
		quoted, err := json.Marshal(s)
		require.NoError(t, err)
		quoted, err = r.JSON(nil, quoted)
		require.NoError(t, err)
		gone(leak+" JSON", string(quoted))
		for _, n := range []int{34, 40, 70, 71} { // cut off, or one more
			gone(leak+" cut", bare.String(fmt.Sprintf(leak, (raw + "Q")[:n])))
		}
	}
	require.Equal(t, "[redacted:custom].", bare.String(raw+raw[12:40]+"."), "what is longer than a token may be one with something typed in")
	var w bytes.Buffer
	log := slog.New(r.Handler(slog.NewJSONHandler(&w, nil)))
	log.Info("made "+raw, "a", raw, "b", []string{raw}, "err", errors.New("no such token: "+raw), "token", made, "shown", live.Display(made.ID))
	gone("log", w.String())

	var split bytes.Buffer // a stream in small pieces
	stream := bare.Writer(&split)
	for _, c := range []byte("got " + raw + " from a client, and " + raw) {
		_, err := stream.Write([]byte{c})
		require.NoError(t, err)
	}
	require.NoError(t, stream.Close())
	require.Equal(t, "got [redacted:custom] from a client, and [redacted:custom]", split.String())
}

func TestARedactorLeavesWhatShowsNoToken(t *testing.T) {
	t.Parallel()
	r, err := redact.New(redact.Add(live.Rule()))
	require.NoError(t, err)
	for _, s := range []string{"used " + live.Display(live.Mint().ID), live.Display(live.Mint().ID), "acme_live_", "acme_live_customers", "acme_live_internationalisation", "acme_live_INTERNATIONALISATION",
		"acme_live_customer_2026_orders", "the prefix acme_live_ and no more"} {
		require.Equal(t, s, r.String(s))
	}
	_, err = redact.New(redact.Add(apitoken.Form{}.Rule()))
	require.Error(t, err)
}

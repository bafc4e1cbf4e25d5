package webhook_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/vault/webhook"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// All of these but the missing ones are signed by hand just as they stand: it is their form that is refused.
func TestAHeaderThatIsNotInItsOneFormIsRefused(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	v := verifier(t, s, webhook.Options{})
	body := []byte(`{"n":1}`)
	now := unixNow()
	good := byHand(s.Current, "msg_1", now, body)
	_, err := v.Verify(t.Context(), headers("msg_1", now, good), body)
	require.NoError(t, err)

	for name, id := range map[string]string{
		"with a full stop": "msg.1", "that ends in one": "msg_1.", "with a space": "msg 1", "with a space before": " msg_1",
		"with a line end": "msg_1\n", "with a tab": "msg\t1", "with a NUL": "msg\x001", "with DEL": "msg\x7f", "not of ASCII": "mság",
		"not of UTF-8": "msg\xff", "of 257 characters": strings.Repeat("m", 257),
	} {
		refused(t, v, headers(id, now, byHand(s.Current, id, now, body)), body, webhook.ErrMalformed, "an id ", name)
	}
	for name, ts := range map[string]string{
		"with a plus": "+" + now, "with a minus": "-" + now, "with a leading zero": "0" + now, "with twenty of them": strings.Repeat("0", 20) + now,
		"of zero": "0", "with a space before": " " + now, "with a space behind": now + " ", "with a line end": now + "\n",
		"with a fraction": now + ".0", "with an exponent": "1e9", "in hex": "0x65", "with underscores": now[:4] + "_" + now[4:],
		"of milliseconds": now + "000", "of a date": time.Now().UTC().Format(time.RFC3339), "of 30 digits": strings.Repeat("9", 30),
		"in Arabic digits": "١٦٧٤٠٨٧٢٣١", "that overflows": "18446744073709551617",
	} {
		refused(t, v, headers("msg_1", ts, byHand(s.Current, "msg_1", ts, body)), body, webhook.ErrMalformed, "a time ", name)
	}
	junk := "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
	for name, list := range map[string]string{
		"without a version": good[3:], "with an empty version": "," + good[3:], "with an empty signature": "v1, " + good, "of a version": "v1 " + good,
		"with two spaces": junk + "  " + good, "with a space before": " " + good, "with a space behind": good + " ",
		"with a tab": junk + "\t" + good, "with commas between": junk + "," + good, "with a comma and a space": junk + ", " + good,
		"with a line end": good + "\n", "without padding": good[:46], "padded twice": good + "=", "of base64url": junk + " v2,-_-_ " + good,
		"cut off": good[:20], "quoted": `"` + good + `"`, "with a short v1a": "v1a," + good[3:] + " " + good, "in hex": "v1," + strings.Repeat("0f", 32),
		"of nine": strings.Repeat(junk+" ", 8) + good, "of 100,000": strings.Repeat(junk+" ", 100_000) + good,
		"of 20 KiB": "v9," + strings.Repeat("a", 20<<10) + " " + good,
	} {
		refused(t, v, headers("msg_1", now, list), body, webhook.ErrMalformed, "signatures ", name)
	}
	_, err = v.Verify(t.Context(), headers("msg_1", now, strings.Repeat(junk+" ", 7)+good), body)
	require.NoError(t, err, "the eighth is looked at")
}

func TestAHeaderIsThereOnce(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	v := verifier(t, s, webhook.Options{})
	body := []byte("body")
	for _, name := range []string{webhook.HeaderID, webhook.HeaderTimestamp, webhook.HeaderSignature} {
		h := signed(t, s, "msg_1", body)
		same := h.Get(name)
		for _, again := range []string{same, "", "x"} {
			for _, values := range [][]string{{same, again}, {again, same}} {
				h[name] = values
				refused(t, v, h, body, webhook.ErrMalformed, name, " twice")
			}
		}
		h[name] = []string{""}
		refused(t, v, h, body, webhook.ErrMissingHeader, name, " empty")
		h[name] = nil
		refused(t, v, h, body, webhook.ErrMissingHeader, name)
		delete(h, name)
		refused(t, v, h, body, webhook.ErrMissingHeader, name)
		h[strings.ToLower(name)] = []string{same} // as no server of net/http writes it
		refused(t, v, h, body, webhook.ErrMissingHeader, name)
	}
	refused(t, v, nil, body, webhook.ErrMissingHeader)
}

func TestNoByteThatWasSignedCanBeChanged(t *testing.T) {
	t.Parallel()
	private, public := webhook.NewKeyPair()
	for name, both := range map[string][2]webhook.Secrets{
		"v1":  {{Current: shared(32, 7)}, {Current: shared(32, 7)}},
		"v1a": {{Current: private}, {Current: asSecret(public)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := verifier(t, both[1], webhook.Options{Tolerance: 24 * time.Hour})
			body := []byte(`{"type":"invoice.paid","data":{"id":7}}`)
			h := signed(t, both[0], "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", body)
			_, err := v.Verify(t.Context(), h, body)
			require.NoError(t, err)
			attempt := func(h http.Header, body []byte, where string, i int) {
				d, err := v.Verify(t.Context(), h, body)
				require.Error(t, err, "%s at %d", where, i)
				require.Zero(t, d)
			}
			for i := range body {
				for bit := range 8 {
					c := append([]byte(nil), body...)
					c[i] ^= 1 << bit
					attempt(h, c, "body", i)
				}
				attempt(h, append(append([]byte(nil), body[:i]...), body[i+1:]...), "body without the byte", i)
				attempt(h, append(append(append([]byte(nil), body[:i]...), ' '), body[i:]...), "body with a space", i)
			}
			attempt(h, nil, "no body", 0)
			attempt(h, append(append([]byte(nil), body...), '\n'), "body with a line end", len(body))
			for _, n := range []string{webhook.HeaderID, webhook.HeaderTimestamp, webhook.HeaderSignature} {
				value := h.Get(n)
				for i := range len(value) {
					for bit := range 8 {
						c := h.Clone()
						c.Set(n, value[:i]+string([]byte{value[i] ^ 1<<bit})+value[i+1:])
						attempt(c, body, n, i)
					}
					c := h.Clone()
					c.Set(n, value[:i]+value[i+1:])
					attempt(c, body, n+" without the byte", i)
				}
			}
		})
	}
}

// Id, time and body are signed as one text. Wherever else it is cut, the id or the time is not in its form.
func TestNothingMovesBetweenIDTimeAndBody(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	v := verifier(t, s, webhook.Options{Tolerance: 24 * time.Hour})
	now := unixNow()
	rapid.Check(t, func(rt *rapid.T) {
		id := rapid.StringMatching(`[!--/-~]{1,20}`).Draw(rt, "id")
		body := rapid.StringMatching(`([.a]|`+now+`){0,8}`).Draw(rt, "body")
		all := id + "." + now + "." + body
		sig := byHand(s.Current, id, now, []byte(body))
		for i := range len(all) {
			for j := i + 1; j < len(all); j++ {
				if all[i] != '.' || all[j] != '.' {
					continue
				}
				d, err := v.Verify(t.Context(), headers(all[:i], all[i+1:j], sig), []byte(all[j+1:]))
				if i == len(id) && j == len(id)+1+len(now) {
					require.NoError(rt, err)
					require.Equal(rt, id, d.ID)
				} else {
					require.Error(rt, err, "%q", all)
					require.NotErrorIs(rt, err, webhook.ErrSignature, "%q: it is its form that is refused", all)
				}
			}
		}
	})
}

package webhook_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/vault/webhook"
	"github.com/stretchr/testify/require"
)

// Published signatures, of the tests of the reference libraries and of Svix's server. The second of them is the
// specification's example of v1a; there is no secret for its example of v1.
var vectors = []struct {
	name, sign, verify string
	id                 string
	unix               int64
	body, signature    string
}{
	{"reference libraries, v1", "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, `{"test": 2432232314}`,
		"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	{"Svix server and specification, v1a, private key of 64 bytes",
		"whsk_" + "6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==", "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
		"msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, `{"test": 2432232314}`,
		"v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="},
	{"reference library for Go, v1a, private key of 32 bytes",
		"whsk_" + "VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=", "whpk_ZlN4eg7dSSqi0moX9hQUk3orrOouK3QVQSlJa248c/g=",
		"msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, `{"test": 2432232314}`,
		"v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="},
}

func TestPublishedSignaturesAreMadeAndVerified(t *testing.T) {
	t.Parallel()
	for _, c := range vectors {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				at := time.Unix(c.unix, 0)
				time.Sleep(time.Until(at))
				h := http.Header{}
				require.NoError(t, signer(t, webhook.Secrets{Current: redact.NewSecret(c.sign)}).Sign(h, c.id, at, []byte(c.body)))
				require.Equal(t, c.signature, h.Get("webhook-signature"))

				v := verifier(t, webhook.Secrets{Current: redact.NewSecret(c.verify)}, webhook.Options{})
				d, err := v.Verify(t.Context(), h, []byte(c.body))
				require.NoError(t, err)
				require.Equal(t, webhook.Delivery{ID: c.id, Time: at}, d)
				refused(t, v, h, []byte(c.body+" "), webhook.ErrSignature)
			})
		})
	}
}

// The example of the specification's headers, and the cases of the reference libraries' tests.
func TestTheListOfSignaturesIsReadAsTheSpecificationSays(t *testing.T) {
	t.Parallel()
	const other, later = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=", "v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
	s := webhook.Secrets{Current: redact.NewSecret(vectors[0].sign)}
	body := []byte(`{"test": 2432232314}`)
	good := signed(t, s, "msg_1", body)
	ts, sig := good.Get(webhook.HeaderTimestamp), good.Get(webhook.HeaderSignature)
	v := verifier(t, s, webhook.Options{})
	for list, want := range map[string]error{
		sig: nil,
		other + " " + later + " " + sig + " " + other: nil,
		sig + " " + vectors[2].signature:              nil,
		vectors[2].signature + " " + sig:              nil,
		"v9z,x " + sig:                                nil,
		other:                                         webhook.ErrSignature,
		later:                                         webhook.ErrSignature,
		vectors[2].signature:                          webhook.ErrSignature,
		"v2" + sig[2:]:                                webhook.ErrSignature,
		"V1" + sig[2:]:                                webhook.ErrSignature,
		other + " " + later + " " + vectors[2].signature: webhook.ErrSignature,
	} {
		_, err := v.Verify(t.Context(), headers("msg_1", ts, list), body)
		if want == nil {
			require.NoError(t, err, list)
		} else {
			only(t, err, want, list)
		}
	}
}

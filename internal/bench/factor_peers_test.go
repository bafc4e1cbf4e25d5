//go:build peers

package bench

import (
	"encoding/base32"
	"testing"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// The usual library. It says whether a code is right, and not of which step, so that its caller cannot tell a code's second use.
func init() {
	totpPeers = append(totpPeers, totpPeer{"peer_pquerna-otp", func(testing.TB) func(string) (bool, error) {
		secret := base32.StdEncoding.EncodeToString(totpSecret)
		opts := totp.ValidateOpts{Period: 30, Skew: 1, Digits: otp.DigitsSix}
		return func(code string) (bool, error) { return totp.ValidateCustom(code, secret, totpTime, opts) }
	}})
}

// The facts about it that ours rests on: when one of them has changed, what is said of it has to.
func TestThePeerTakesACodeAgainAndWithSpace(t *testing.T) {
	valid := totpPeers[0].open(t)
	for _, code := range []string{"005924", "005924", " 005924", "005924\n", "005924  "} {
		if ok, err := valid(code); !ok || err != nil {
			t.Errorf("%q is refused: %v", code, err)
		}
	}
}

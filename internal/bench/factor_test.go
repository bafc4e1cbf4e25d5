package bench

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp"
)

// Workload N, codes of an authenticator app: one operation looks at one code, right or wrong. ours counts the attempt and uses up
// the step besides, in a store that answers at once. The floor is HMAC-SHA-1 for the three steps that a code may be of, by a
// state that is kept. The peer knows no store.
func BenchmarkTOTP(b *testing.B) {
	for _, c := range totpCodes {
		b.Run(c.name, func(b *testing.B) { compare(b, totpWays(c.code, c.right), nil) })
	}
}

func TestCodesAreTakenForWhatTheyAre(t *testing.T) {
	for _, c := range totpCodes {
		t.Run(c.name, func(t *testing.T) { checkWays(t, totpWays(c.code, c.right)) })
	}
}

// RFC 6238, appendix B, of which a code of six digits is the end.
var (
	totpSecret = []byte("12345678901234567890")
	totpTime   = time.Unix(1234567890, 0)
	totpCodes  = []struct {
		name, code string
		right      bool
	}{{"right", "005924", true}, {"wrong", "000000", false}}
)

// A totpPeer makes a verifier of totpSecret at totpTime.
type totpPeer struct {
	name string
	open func(tb testing.TB) func(code string) (bool, error)
}

var totpPeers []totpPeer

// readyStore counts nothing and burns nothing: what is measured is what is done about a store.
type readyStore struct{}

func (readyStore) Attempt(context.Context, string) (totp.State, error) {
	return totp.State{Failures: 1, Now: totpTime}, nil
}
func (readyStore) Succeed(context.Context, string, uint64) error { return nil }

func totpWays(code string, right bool) []way {
	wrongly := func(got bool, err error) error {
		if got != right {
			return fmt.Errorf("taken for right is not %t: %w", right, err)
		}
		return nil
	}
	ways := []way{
		{name: "floor", open: func(testing.TB) func(int) error {
			m, sum, counter := hmac.New(sha1.New, totpSecret), make([]byte, 0, sha1.Size), make([]byte, 8)
			return shared(1, func() error {
				for d := range uint64(3) {
					m.Reset()
					binary.BigEndian.PutUint64(counter, uint64(totpTime.Unix()/30)-1+d)
					m.Write(counter)
					sum = m.Sum(sum[:0])
				}
				return nil
			})
		}},
		{name: "ours", vs: []string{"floor"}, open: func(tb testing.TB) func(int) error {
			secret := redact.NewSecret(totpSecret)
			m, err := totp.New(readyStore{}, func(context.Context, supportgrant.Person) (redact.Secret[[]byte], error) { return secret, nil })
			if err != nil {
				tb.Fatal(err)
			}
			ctx := context.Background()
			return shared(1, func() error {
				err := m.Use(ctx, "ann", code)
				if err != nil && !errors.Is(err, supportgrant.ErrMFA) {
					return err
				}
				return wrongly(err == nil, err)
			})
		}},
	}
	for _, p := range totpPeers {
		ways = append(ways, way{name: p.name, vs: []string{"floor", "ours"}, open: func(tb testing.TB) func(int) error {
			valid := p.open(tb)
			return shared(1, func() error { return wrongly(valid(code)) })
		}})
	}
	return ways
}

package bench

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
)

// Workload T, tokens: one of 10,000 API tokens is told from junk, found by its id, hashed and compared. The floor is SHA-256 of
// the same 71 bytes. junk has a wrong checksum, unknown the right one and an id that is not kept. A slow hash is what some
// servers keep of their tokens instead.
func BenchmarkRBACToken(b *testing.B) { compare(b, rbacTokens(), nil) }

func TestTokensAreToldApart(t *testing.T) { checkWays(t, rbacTokens()) }

func rbacTokens() []way {
	form := apitoken.MustNew("acme", "live")
	kept := map[apitoken.ID][32]byte{}
	var raw, junk, unknown [4096]string
	for i := range 10_000 {
		t := form.Mint()
		kept[t.ID] = t.Hash
		if i < len(raw) {
			s := t.Secret.Reveal()
			raw[i], junk[i], unknown[i] = s, s[:30]+"0000"+s[34:], form.Mint().Secret.Reveal()
		}
	}
	verify := func(s string) bool {
		id, err := form.Parse(s)
		return err == nil && form.Match(s, kept[id])
	}
	of := func(name string, of *[4096]string, want bool, f func(string) bool, vs ...string) way {
		return way{name: name, vs: vs, turn: shortTurn, open: func(testing.TB) func(int) error {
			return func(n int) error {
				for i := range n {
					if f(of[i&4095]) != want {
						return fmt.Errorf("not %t", want)
					}
				}
				return nil
			}
		}}
	}
	salt := []byte("0123456789abcdef")
	slow := func(s string) []byte {
		k, _ := pbkdf2.Key(sha256.New, s, salt, 10_000, 32)
		return k
	}
	one := slow(raw[0])
	return []way{
		of("floor", &raw, true, func(s string) bool {
			sum := sha256.Sum256([]byte(s))
			return sum[0]|sum[1]|sum[2]|sum[3]|sum[4]|sum[5] != 0
		}),
		of("ours", &raw, true, verify, "floor"),
		of("ours_unknown", &unknown, false, verify, "ours"),
		of("ours_junk", &junk, false, verify, "ours"),
		of("ours_mint", &raw, true, func(string) bool { return form.Mint().ID != apitoken.ID{} }),
		of("pbkdf2_10k", &raw, true, func(string) bool { return subtle.ConstantTimeCompare(slow(raw[0]), one) == 1 }, "ours"),
	}
}

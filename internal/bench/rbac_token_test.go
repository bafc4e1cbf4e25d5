package bench

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
)

// Workload T, tokens: one of 10,000 API tokens is told from junk, found by its id, hashed and compared. The floor is SHA-256 of
// the same 71 bytes. junk has a wrong checksum, unknown the right one and an id that is not kept. ours_authorizer asks the authorizer
// of 1,000 tenants what the bearer may do, and ours_authorizer_junk with junk. A slow hash is what some servers keep of their tokens
// instead.
func BenchmarkRBACToken(b *testing.B) { compare(b, rbacTokens(), nil) }

func TestTokensAreToldApart(t *testing.T) { checkWays(t, rbacTokens()) }

var theRBACTokens = sync.OnceValue(func() (all []apitoken.Token) {
	for range 10_000 {
		all = append(all, rbacTokenForm.Mint())
	}
	return all
})

func rbacTokens() []way {
	form, minted := rbacTokenForm, theRBACTokens()
	kept := map[apitoken.ID][32]byte{}
	var raw, junk, unknown [4096]string
	for i, t := range minted {
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
	ask := func(name string, of *[4096]string, want bool) way {
		return rbacWarm(way{name: name, vs: []string{"floor"}, turn: shortTurn, open: func(tb testing.TB) func(int) error {
			h := theRBACHouse(tb)
			h.keepTokens(tb)
			next := 0
			return func(n int) error {
				for range n {
					i := next & 4095
					next++
					p, err := h.a.Token(h.ctx[i%rbacTenants], of[i], rbacClient)
					if (err == nil && p.Can(h.perms[0])) != want {
						return fmt.Errorf("not %t: %w", want, err)
					}
				}
				return nil
			}
		}}, false)
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
		ask("ours_authorizer", &raw, true),
		ask("ours_authorizer_junk", &junk, false),
		of("ours_mint", &raw, true, func(string) bool { return form.Mint().ID != apitoken.ID{} }),
		of("pbkdf2_10k", &raw, true, func(string) bool { return subtle.ConstantTimeCompare(slow(raw[0]), one) == 1 }, "ours"),
	}
}

var rbacClient = netip.MustParseAddr("203.0.113.77")

// keepTokens puts, once, the i-th token into the i-th tenant, and so round: each is of a person there, and for the first permission.
func (h *rbacHouse) keepTokens(tb testing.TB) {
	if h.tokens {
		return
	}
	h.tokens = true
	minted := theRBACTokens()
	for t := range rbacTenants {
		err := h.store.Tx(h.ctx[t], func(ctx context.Context) error {
			v, now, err := h.store.Advance(ctx)
			for i := t; i < len(minted) && err == nil; i += rbacTenants {
				id := minted[i].ID.String()
				if err = h.store.AddHome(ctx, rbac.HomeOfToken, id, h.by[t].Tenant()); err == nil {
					err = h.store.PutToken(ctx, rbac.TokenRow{ID: id, Version: v, Member: rbac.User(h.w.users[t][i/rbacTenants]), Integration: "bench", Hash: minted[i].Hash, Last4: minted[i].Last4,
						Scopes: []string{h.w.perms[0].name}, CreatedBy: "import", Created: now, Expires: now.Add(24 * time.Hour)})
				}
			}
			return err
		})
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := h.a.MemberFresh(h.ctx[t], rbac.User(h.w.users[t][0])); err != nil {
			tb.Fatal(err)
		}
	}
}

package bench

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
)

// Workload S, sealing: a value of a column, of one of 200 tenants, is sealed and opened. The floor is AES-256-GCM of the
// standard library with a nonce drawn for each message, which every stored ciphertext pays: one key, already looked up,
// and 51 bytes that the value is bound to.
func BenchmarkVaultSeal(b *testing.B) {
	for _, size := range sealedSizes {
		b.Run(size.name, func(b *testing.B) { compare(b, sealers(size.bytes, true), nil) })
	}
}

func BenchmarkVaultOpen(b *testing.B) {
	for _, size := range sealedSizes {
		b.Run(size.name, func(b *testing.B) { compare(b, sealers(size.bytes, false), nil) })
	}
}

var sealedSizes = []struct {
	name  string
	bytes int
}{{"32_B", 32}, {"1_KiB", 1 << 10}, {"64_KiB", 64 << 10}, {"1_MiB", 1 << 20}}

// sealing is a way to seal and open, appending to dst, as the n-th of many tenants.
type sealing struct {
	seal, open func(n int, dst, in []byte) ([]byte, error)
}

func sealers(size int, seal bool) []way {
	of := func(name string, vs []string, s func(tb testing.TB) sealing) way {
		return way{name: name, vs: vs, bytes: size, open: func(tb testing.TB) func(int) error {
			w := s(tb)
			plain := make([]byte, size)
			_, _ = rand.Read(plain)
			var sealed [sealTenants][]byte
			for i := range sealed {
				var err error
				if sealed[i], err = w.seal(i, nil, plain); err != nil {
					tb.Fatal(err)
				}
			}
			dst := make([]byte, 0, size+400)
			return func(n int) (err error) {
				for i := range n {
					if seal {
						_, err = w.seal(i%sealTenants, dst, plain)
					} else {
						_, err = w.open(i%sealTenants, dst, sealed[i%sealTenants])
					}
					if err != nil {
						return err
					}
				}
				return nil
			}
		}}
	}
	return []way{
		of("stdlib", nil, stdlibSealing),
		of("ours", []string{"stdlib"}, func(tb testing.TB) sealing { return ourSealing(tb, "") }),
		of("ours_of_a_person", []string{"stdlib"}, func(tb testing.TB) sealing { return ourSealing(tb, "user:0195f2a0") }),
	}
}

func stdlibSealing(tb testing.TB) sealing {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		tb.Fatal(err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		tb.Fatal(err)
	}
	bound := make([]byte, 51)
	return sealing{
		func(_ int, dst, in []byte) ([]byte, error) { return gcm.Seal(dst, nil, in, bound), nil },
		func(_ int, dst, in []byte) ([]byte, error) { return gcm.Open(dst, nil, in, bound) },
	}
}

const sealTenants = 200

func ourSealing(tb testing.TB, who audit.Subject) sealing {
	keeper, err := vault.KeyFromPassphrase(redact.NewSecret("a passphrase for a benchmark"), make([]byte, 16))
	if err != nil {
		tb.Fatal(err)
	}
	v, err := vault.Open(context.Background(), vault.NewMemory(), keeper, vault.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = v.Close() })
	var ctxs [sealTenants]context.Context
	var fields [sealTenants]*vault.Field
	for i := range fields {
		id, err := tenancy.ParseID(fmt.Sprint("tenant-", i))
		if err != nil {
			tb.Fatal(err)
		}
		ctxs[i] = tenancy.With(context.Background(), id)
		if fields[i], err = v.Field(ctxs[i], "customers.email"); err != nil {
			tb.Fatal(err)
		}
	}
	const id = "0195f2a0-7c1e-7bd2"
	return sealing{
		func(n int, dst, in []byte) ([]byte, error) { return fields[n].AppendSeal(ctxs[n], dst, id, who, in) },
		func(n int, dst, in []byte) ([]byte, error) { return fields[n].AppendOpen(ctxs[n], dst, id, who, in) },
	}
}

package redact

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// What the benchmarks plant: documentation values and made-up strings of the right shape, in two halves so that a
// scanner of source trees finds nothing here.
var planted = []string{
	"ana.lopez+orders@" + "shop.example.net",
	"5555 5555 " + "5555 4444",
	"mysql://ledger:" + "Qm4vT8zLr2XcN6" + "@db-3.internal:3306/ledger",
	"Authorization: Bearer " + "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9" + ".eyJzdWIiOiI0MiIsIm5hbWUiOiJBbmEifQ" + ".c2lnbmF0dXJlLW9mLW5vYm9keS1hdC1hbGwtMTIz",
	"AKIA" + "Z3MWQK7RXP2LDVH6",
	"ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5",
	"sk_live_" + "9aB8cD7eF6gH5iJ4kL3mN2oP",
	"219-" + "09-" + "9998",
	"DE89 3704 " + "0044 0532 0130 00",
	"+61 2 " + "5550 4321",
	"198.51.100." + "23",
	"password=" + "Gr33n-Kettle!Lamp",
}

var benchStart = time.Date(2026, 5, 4, 8, 30, 0, 0, time.UTC)

func benchID(r *rand.Rand) string {
	return fmt.Sprintf("%08x-%04x-4%03x-9%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48))
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

// benchLine is one log line with nothing in it: JSON, logfmt, an access log or a stack trace.
func benchLine(r *rand.Rand, n int) string {
	at := benchStart.Add(time.Duration(n) * 211 * time.Millisecond)
	path := pick(r, "/v1/carts", "/v1/carts/items/latest", "/readyz", "/v1/reports/monthly/export", "/signin/return", "/static/main.css")
	agent := pick(r, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15",
		"Go-http-client/1.1", "python-requests/2.33.0", "kube-probe/1.35")
	msg := pick(r, "served a page", "nothing in the cache, asking the store", "worker is done", "a query took long", "asking upstream again", "pool has grown")
	switch r.IntN(5) {
	case 0, 1:
		return fmt.Sprintf(`{"time":%q,"level":"INFO","msg":%q,"method":"GET","path":%q,"status":%d,"size":%d,"took_ms":%d.%03d,"request_id":%q,"org":"o-%05d","user_agent":%q}`,
			at.Format(time.RFC3339Nano), msg, path, 200+r.IntN(8), r.IntN(1<<20), r.IntN(700), r.IntN(1000), benchID(r), r.IntN(1e5), agent)
	case 2:
		return fmt.Sprintf(`ts=%s level=debug msg=%q part=reader-%d queue=mail try=%d wait=%dms trace_id=%016x%016x span_id=%016x rows=%d`,
			at.Format(time.RFC3339), msg, r.IntN(32), r.IntN(5), r.IntN(9000), r.Uint64(), r.Uint64(), r.Uint64(), r.IntN(1e6))
	case 3:
		return fmt.Sprintf(`- - - [%s] "GET %s HTTP/2.0" %d %d "-" %q took=%d.%03d`,
			at.Format("02/Jan/2006:15:04:05 -0700"), path, 200+r.IntN(8), r.IntN(1<<18), agent, r.IntN(9), r.IntN(1000))
	}
	return fmt.Sprintf("goroutine %d [select]:\n%s(0x%x, {0x%x, 0x%x})\n\t/build/svc/loop.go:%d +0x%x", r.IntN(9000),
		pick(r, "main.(*Loop).step", "net/http.(*conn).serve", "database/sql.(*Tx).Commit", "example.com/shop/internal/cart.(*Book).Add"),
		r.Uint64(), r.Uint64(), r.Uint64(), r.IntN(800), r.IntN(4096))
}

func filled(s string) []byte {
	const more = `,"remark":"the night train left on time and nobody on the platform looked up from the paper they were reading"`
	for len(s) < 1022 {
		s += more
	}
	return []byte(s[:1022] + `"}`)
}

func cleanKiB() []byte {
	r := rand.New(rand.NewPCG(1, 1))
	return filled(fmt.Sprintf(`{"time":"%s","level":"INFO","msg":"served a page","method":"GET","path":"/v1/carts","status":200,"size":48213,"took_ms":12.402,"request_id":"%s","org":"o-00421","user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"`,
		benchStart.Format(time.RFC3339Nano), benchID(r)))
}

func threeItemsKiB() []byte {
	r := rand.New(rand.NewPCG(1, 1))
	return filled(fmt.Sprintf(`{"time":"%s","level":"WARN","msg":"charge for %s refused, card %s","path":"/v1/carts","status":402,"request_id":"%s","db":"%s","user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"`,
		benchStart.Format(time.RFC3339Nano), planted[0], planted[1], benchID(r), planted[2]))
}

func mixedMiB() []byte {
	r := rand.New(rand.NewPCG(3, 3))
	var b bytes.Buffer
	for n := 0; b.Len() < 1<<20; n++ {
		b.WriteString(benchLine(r, n))
		if n%33 == 32 {
			b.WriteString(" ctx=" + planted[n/33%len(planted)])
		}
		b.WriteByte('\n')
	}
	return b.Bytes()[:1<<20]
}

func benchAppend(b *testing.B, r *Redactor, in []byte) {
	out := make([]byte, 0, 2*len(in)+64)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		out = r.Append(out[:0], in)
	}
}

// BenchmarkClean1K is the redactor's cost on most lines.
func BenchmarkClean1K(b *testing.B) {
	b.Run("append", func(b *testing.B) { benchAppend(b, Default(), cleanKiB()) })
	b.Run("string", func(b *testing.B) {
		s := string(cleanKiB())
		b.SetBytes(int64(len(s)))
		b.ReportAllocs()
		for b.Loop() {
			Default().String(s)
		}
	})
	b.Run("find", func(b *testing.B) {
		in := cleanKiB()
		b.SetBytes(int64(len(in)))
		b.ReportAllocs()
		for b.Loop() {
			for range Default().Find(in) {
				b.Fatal("found something")
			}
		}
	})
}

// BenchmarkFloor1K is what a loop costs that only cuts the same text into words and counts their digits, a byte at a time: the
// figures of the others mean something beside it, on a busy machine too.
func BenchmarkFloor1K(b *testing.B) {
	in := cleanKiB()
	b.SetBytes(int64(len(in)))
	words := 0
	for b.Loop() {
		for i := 0; i < len(in); i++ {
			from, digits := i, 0
			for i < len(in) && class[in[i]]&cWord != 0 {
				digits += int(class[in[i]] & cDigit)
				i++
			}
			if i-from > longWord || digits > 40 {
				words++
			}
		}
	}
	if words == 0 {
		b.Fatal("no words")
	}
}

func BenchmarkThreeItems1K(b *testing.B) { benchAppend(b, Default(), threeItemsKiB()) }

func BenchmarkMixed1M(b *testing.B) { benchAppend(b, Default(), mixedMiB()) }

// hostileUnits make, repeated, texts of nothing but beginnings.
var hostileUnits = []string{"a@", "1234 ", "eyJ", "password=", "token=", "key=", "a:b@", "-----BEGIN A PRIVATE " + "KEY-----\n", "A", "://", `password="`,
	"password='x ", "password=(", "1.", "eyJhbGciOiJI.", "Bearer ", "<token>", "a=", `\`, `"password":`, "AB12 ", "sk-", "%3D", "a.b@c.", "key\n", "1 ",
	"06 12 ", "123-45-678 "}

// BenchmarkHostile is the worst case: 64 KiB of each unit, and four times as much for the ratio.
func BenchmarkHostile(b *testing.B) {
	for _, unit := range hostileUnits {
		for _, size := range []int{64 << 10, 128 << 10} {
			b.Run(fmt.Sprintf("%.16q/%dK", unit, size>>10), func(b *testing.B) {
				benchAppend(b, Default(), []byte(strings.Repeat(unit, size/len(unit)+1)[:size]))
			})
		}
	}
}

package rbac_test

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac"
)

// With 1,000 tokens in the tenant: what is known is verified in memory, and what is made up is refused before it is looked at.
func BenchmarkToken(b *testing.B) {
	d := newDesk(b)
	var raw string
	sys := d.system(d.ctx)
	for i := range 100 {
		name := rbac.Service("m" + string(rune('a'+i%26)) + string(rune('a'+i/26)))
		if err := d.AddMachine(d.ctx, sys, name.ID, ada, Robot.ID()); err != nil {
			b.Fatal(err)
		}
		for range 10 {
			raw, _ = d.issue(sys, rbac.TokenSpec{Member: name, Scopes: []rbac.Permission{ReadChat, Ingest}})
		}
	}
	junk := raw[:30] + "xxxx" + raw[34:]
	verify := func(ctx context.Context) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Token(ctx, raw, here); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("verify", verify(d.ctx))
	b.Run("verify-by-home", verify(context.Background()))
	b.Run("match-alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			form.Match(raw, [32]byte{})
		}
	})
	b.Run("junk", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.Token(d.ctx, junk, here); err == nil {
				b.Fatal("junk")
			}
		}
	})
}

package apitoken_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
)

func BenchmarkToken(b *testing.B) {
	form := apitoken.MustNew("acme", "live")
	t := form.Mint()
	raw := t.Secret.Reveal()
	junk := raw[:30] + "xxxx" + raw[34:]
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := form.Parse(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("junk", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := form.Parse(junk); err == nil {
				b.Fatal("parsed")
			}
		}
	})
	b.Run("match", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !form.Match(raw, t.Hash) {
				b.Fatal("no match")
			}
		}
	})
	b.Run("mint", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			form.Mint()
		}
	})
}

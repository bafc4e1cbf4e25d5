package archive_test

import (
	"crypto/ed25519"
	"crypto/md5"
	"fmt"
	"io"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"golang.org/x/mod/sumdb/note"
)

func signer(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()
	s, v, err := archive.Key("example.com", ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

// BenchmarkWrite writes rows that no database is asked for.
func BenchmarkWrite(b *testing.B) {
	s, _ := signer(b)
	id, err := age.GenerateX25519Identity()
	if err != nil {
		b.Fatal(err)
	}
	table := archive.Table{Name: "message", Columns: []archive.Column{{Name: "id", Kind: archive.Integer}, {Name: "user_id", Kind: archive.Integer},
		{Name: "created_at", Kind: archive.Time}, {Name: "title"}, {Name: "body"}, {Name: "ip"}, {Name: "email"}, {Name: "amount", Kind: archive.Decimal}}}
	var feed [][][]byte
	for i := range 20_000 {
		feed = append(feed, [][]byte{fmt.Append(nil, i), []byte("1"), fmt.Appendf(nil, "2026-11-22 12:%02d:00+00", i%60), fmt.Append(nil, "title ", i),
			fmt.Appendf(nil, "Lorem ipsum dolor sit amet consectetur %x sed do eiusmod tempor %x", md5.Sum(fmt.Append(nil, i)), md5.Sum(fmt.Append(nil, 7*i))),
			fmt.Appendf(nil, "10.%d.%d.7", i%200, i%250), []byte("person0000001@example.test"), fmt.Appendf(nil, "%d.%02d", i%999, i%100)})
	}
	for _, sealed := range []bool{false, true} {
		b.Run(fmt.Sprintf("encrypted=%v", sealed), func(b *testing.B) {
			b.ReportAllocs()
			o := archive.Options{Request: "r", At: time.Unix(1, 0), Signer: s, Unencrypted: !sealed}
			if sealed {
				o.Recipients = []age.Recipient{id.Recipient()}
			}
			w, err := archive.NewWriter(io.Discard, o)
			if err != nil {
				b.Fatal(err)
			}
			if err := w.Table(table); err != nil {
				b.Fatal(err)
			}
			i := 0
			for b.Loop() {
				if err := w.Row(feed[i%len(feed)], nil); err != nil {
					b.Fatal(err)
				}
				i++
			}
			if _, err := w.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

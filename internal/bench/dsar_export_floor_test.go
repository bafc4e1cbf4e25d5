package bench

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/flate"
)

// The floors of an export. bare_copy reads the same columns of the same rows, as the server writes them, and drops them: without tenants and
// without row-level security. floor does that, and beside it packs as many bytes as our files have, hashes what is packed and encrypts it;
// but nobody makes them, as they are there before: a piece of each kind of our files, again and again. No exporter that writes what ours
// writes, with this deflate, is faster.
func (w *exportWorld) floors() []way {
	perSecond := func(ns float64) (string, float64) { return "rows/s", float64(w.rows) / ns * 1e9 }
	open := func(pack bool) func(testing.TB) func(int) error {
		return func(tb testing.TB) func(int) error {
			c, err := pgx.Connect(context.Background(), w.PG.Admin.DSN)
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() { c.Close(context.Background()) })
			var pieces []piece
			if pack {
				pieces = w.pieces(tb)
			}
			return func(n int) error {
				for range n {
					var g sync.WaitGroup
					errs := make([]error, len(pieces)+1)
					for i, p := range pieces {
						g.Go(func() { errs[i] = p.pack() })
					}
					errs[len(pieces)] = w.copy(c)
					g.Wait()
					if err := errors.Join(errs...); err != nil {
						return err
					}
				}
				return nil
			}
		}
	}
	return []way{
		{name: "bare_copy", also: perSecond, vs: []string{"ours_encrypted"}, open: open(false)},
		{name: "floor", also: perSecond, vs: []string{"ours_encrypted"}, open: open(true)},
	}
}

// copy reads the person's rows.
func (w *exportWorld) copy(c *pgx.Conn) error {
	rows := int64(0)
	for _, t := range exportTables {
		links := strings.Join(append(strings.Fields(t.fk), map[bool][]string{true: {"recipient_id"}}[t.name == "messages"]...), ", ")
		if links != "" {
			links += ", "
		}
		tag, err := c.PgConn().CopyTo(context.Background(), io.Discard, "COPY (SELECT tenant_id, id, "+links+exportColumns+" FROM "+t.name+" WHERE "+t.where()+") TO STDOUT")
		if err != nil {
			return err
		}
		rows += tag.RowsAffected()
	}
	if rows < int64(w.rows)*9/10 {
		return fmt.Errorf("%d rows", rows)
	}
	return nil
}

// piece is the beginning of a kind of file, and how many bytes of it an export has.
type piece struct {
	text  []byte
	bytes int64
}

// pieces are those of an export of ours.
func (w *exportWorld) pieces(tb testing.TB) []piece {
	f, err := os.Create(filepath.Join(tb.TempDir(), "export.zip"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	out := &counted{w: f}
	if _, err := w.ours(tb, false)(out); err != nil {
		tb.Fatal(err)
	}
	z, err := zip.NewReader(f, out.n)
	if err != nil {
		tb.Fatal(err)
	}
	var all []piece
	for _, ext := range []string{".jsonl", ".csv", ".html"} {
		var p piece
		for _, file := range z.File {
			if !strings.HasSuffix(file.Name, ext) {
				continue
			}
			p.bytes += int64(file.UncompressedSize64)
			if len(p.text) >= 4<<20 {
				continue
			}
			r, err := file.Open()
			if err != nil {
				tb.Fatal(err)
			}
			text, err := io.ReadAll(io.LimitReader(r, 4<<20))
			if err != nil {
				tb.Fatal(err)
			}
			p.text = append(p.text, text...)
		}
		all = append(all, p)
	}
	return all
}

// pack packs, hashes and encrypts as many bytes as there are.
func (p piece) pack() error {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	seal, err := age.Encrypt(io.Discard, id.Recipient())
	if err != nil {
		return err
	}
	z, err := flate.NewWriter(io.MultiWriter(sha256.New(), seal), flate.BestSpeed)
	if err != nil {
		return err
	}
	for left := p.bytes; left > 0; {
		for b := p.text[:min(left, int64(len(p.text)))]; len(b) > 0; {
			n, err := z.Write(b[:min(len(b), 48<<10)])
			if err != nil {
				return err
			}
			b, left = b[n:], left-int64(n)
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return seal.Close()
}

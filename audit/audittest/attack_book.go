package audittest

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Book is a log as a bundle holds it, taken apart: what an attacker who has the database can lay hands on. It is
// a second implementation of the bundle, made from its description and on archive/tar and
// golang.org/x/mod/sumdb/tlog, so that an error of one is not the error of both.
type Book struct {
	Tenant, Origin string
	Leaves         [][]byte          // nil where pruned
	Hashes         [][32]byte        // what the tiles are made of
	Openings       [][]audit.Opening // of each leaf
	Pruned         uint64
	Checkpoints    []Checkpoint // ascending

	HeadsOrigin string // "": the bundle has no log of heads
	Heads       []string
	HeadsNote   []byte
	HeadsAt     map[uint64]int // the place in Heads of the checkpoint of a size
}

// Checkpoint is a signed note.
type Checkpoint struct {
	Size uint64
	Note []byte
}

// File is a file of a bundle.
type File struct {
	Name string
	Data []byte
}

// Add appends an event.
func (b *Book) Add(leaf []byte, open ...audit.Opening) {
	b.Leaves = append(b.Leaves, leaf)
	b.Hashes = append(b.Hashes, tlog.RecordHash(leaf))
	b.Openings = append(b.Openings, open)
}

// Rehash makes the tiles follow the leaves.
func (b *Book) Rehash() {
	for i, l := range b.Leaves {
		if l != nil {
			b.Hashes[i] = tlog.RecordHash(l)
		}
	}
}

// Root is the root of the first n leaves (RFC 6962, section 2.1).
func (b *Book) Root(n int) [32]byte { return merkle(b.Hashes[:n]) }

func merkle(hs [][32]byte) [32]byte {
	switch len(hs) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return hs[0]
	}
	k := 1
	for k*2 < len(hs) {
		k *= 2
	}
	return tlog.NodeHash(merkle(hs[:k]), merkle(hs[k:]))
}

// Sign appends a checkpoint of the first size leaves, and puts it into the log of heads if there is one.
func (b *Book) Sign(s note.Signer, size int, at time.Time) {
	text := headText(b.Origin, size, b.Root(size), at)
	b.Checkpoints = append(b.Checkpoints, Checkpoint{uint64(size), sign(text, s)})
	if b.HeadsOrigin != "" {
		if b.HeadsAt == nil {
			b.HeadsAt = map[uint64]int{}
		}
		b.HeadsAt[uint64(size)] = len(b.Heads)
		b.Heads = append(b.Heads, text)
	}
}

// SignHeads signs the log of heads.
func (b *Book) SignHeads(at time.Time, signers ...note.Signer) {
	b.HeadsNote = sign(headText(b.HeadsOrigin, len(b.Heads), merkle(b.headHashes()), at), signers...)
}

func (b *Book) headHashes() (hs [][32]byte) {
	for _, t := range b.Heads {
		hs = append(hs, tlog.RecordHash([]byte(t)))
	}
	return hs
}

func headText(origin string, size int, root [32]byte, at time.Time) string {
	return fmt.Sprintf("%s\n%d\n%s\ntime %s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]), at.UTC().Format(time.RFC3339))
}

func sign(text string, signers ...note.Signer) []byte {
	raw, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		panic(err) // the text is of our making
	}
	return raw
}

// path is a proof that leaf i is among hs (RFC 6962, section 2.1.1).
func path(i int, hs [][32]byte) [][32]byte {
	if len(hs) <= 1 {
		return nil
	}
	k := 1
	for k*2 < len(hs) {
		k *= 2
	}
	if i < k {
		return append(path(i, hs[:k]), merkle(hs[k:]))
	}
	return append(path(i-k, hs[k:]), merkle(hs[:k]))
}

// Files are the files of the bundle, in order.
func (b *Book) Files() (fs []File) {
	add := func(name string, data []byte) { fs = append(fs, File{name, data}) }
	type heads struct {
		Origin string `json:"origin"`
	}
	m := struct {
		Format string `json:"format"`
		Tenant string `json:"tenant"`
		Origin string `json:"origin"`
		Size   int    `json:"size"`
		Pruned uint64 `json:"pruned"`
		Heads  *heads `json:"heads,omitempty"`
	}{"bailiwick-audit/1", b.Tenant, b.Origin, len(b.Leaves), b.Pruned, nil}
	if b.HeadsOrigin != "" {
		m.Heads = &heads{b.HeadsOrigin}
	}
	manifest, _ := json.Marshal(m)
	add("bundle.json", append(manifest, '\n'))
	for _, c := range b.Checkpoints {
		add("checkpoints/"+strconv.FormatUint(c.Size, 10), c.Note)
	}
	if b.HeadsOrigin != "" {
		add("heads/checkpoint", b.HeadsNote)
		for _, c := range b.Checkpoints {
			if at, ok := b.HeadsAt[c.Size]; ok {
				add(fmt.Sprintf("heads/%d.proof", c.Size), b.headsProof(at))
			}
		}
	}
	levels := b.levels()
	for n := 0; n*256 < len(b.Leaves); n++ {
		end := min((n+1)*256, len(b.Leaves))
		width := (end - n*256) % 256
		entries, openings := b.tile(n*256, end)
		if entries != nil {
			add("tile/entries/"+tilePath(n, width), entries)
		}
		add("tile/0/"+tilePath(n, width), join(b.Hashes[n*256:end]))
		if len(openings) > 0 {
			add("openings/"+tilePath(n, width), openings)
		}
		last := end == len(b.Leaves)
		for l := 1; l < len(levels); l++ {
			full := (n + 1) >> (8 * l) // tiles that are full by now, if this one is
			switch {
			case width == 0 && full<<(8*l) == n+1:
				add(fmt.Sprintf("tile/%d/%s", l, tilePath(full-1, 0)), join(levels[l][(full-1)*256:full*256]))
			case last && len(levels[l])%256 != 0:
				from := len(levels[l]) / 256
				add(fmt.Sprintf("tile/%d/%s", l, tilePath(from, len(levels[l])%256)), join(levels[l][from*256:]))
			}
		}
	}
	return fs
}

func (b *Book) headsProof(at int) []byte {
	var p strings.Builder
	fmt.Fprintf(&p, "c2sp.org/tlog-proof@v1\nindex %d\n", at)
	for _, h := range path(at, b.headHashes()) {
		fmt.Fprintln(&p, base64.StdEncoding.EncodeToString(h[:]))
	}
	return append([]byte(p.String()+"\n"), b.HeadsNote...)
}

// levels are the hashes of each level of tiles.
func (b *Book) levels() [][][32]byte {
	all := [][][32]byte{b.Hashes}
	for {
		below := all[len(all)-1]
		var row [][32]byte
		for i := 256; i <= len(below); i += 256 {
			row = append(row, merkle(below[i-256:i]))
		}
		if row == nil {
			return all
		}
		all = append(all, row)
	}
}

func (b *Book) tile(from, to int) (entries, openings []byte) {
	for i := from; i < to; i++ {
		if b.Leaves[i] == nil {
			continue
		}
		entries = binary.BigEndian.AppendUint16(entries, uint16(len(b.Leaves[i])))
		entries = append(entries, b.Leaves[i]...)
		open := slices.Clone(b.Openings[i])
		slices.SortFunc(open, func(x, y audit.Opening) int { return bytes.Compare(x.Subject[:], y.Subject[:]) })
		for _, o := range open {
			openings = binary.AppendUvarint(openings, uint64(i-from))
			openings = append(openings, o.Subject[:]...)
			openings = binary.AppendUvarint(openings, uint64(len(o.Data)))
			openings = append(openings, o.Data...)
		}
	}
	return entries, openings
}

func join(hs [][32]byte) (b []byte) {
	for _, h := range hs {
		b = append(b, h[:]...)
	}
	return b
}

func tilePath(n, width int) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	if width > 0 {
		s += fmt.Sprintf(".p/%d", width)
	}
	return s
}

// Bundle is the bundle.
func (b *Book) Bundle() []byte { return Pack(b.Files()) }

// Pack is the tar stream of files.
func Pack(fs []File) []byte {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range fs {
		// Errors are of names that are too long, and a bundle without the file is as bad an attack.
		if w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.Name, Size: int64(len(f.Data)), Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}) == nil {
			_, _ = w.Write(f.Data)
		}
	}
	_ = w.Close() // a Buffer takes everything
	return buf.Bytes()
}

// Unpack is the reverse of Pack.
func Unpack(bundle []byte) (fs []File, err error) {
	r := tar.NewReader(bytes.NewReader(bundle))
	for {
		h, err := r.Next()
		if err == io.EOF {
			return fs, nil
		} else if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		fs = append(fs, File{h.Name, data})
	}
}

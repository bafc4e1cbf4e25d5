package audit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
)

// manifest is bundle.json, the first file of a bundle.
type manifest struct {
	Format string         `json:"format"`
	Tenant string         `json:"tenant"`
	Origin string         `json:"origin"`
	Size   uint64         `json:"size"`
	Pruned uint64         `json:"pruned"`
	Heads  *manifestHeads `json:"heads,omitempty"`
}

type manifestHeads struct {
	Origin string `json:"origin"`
}

const (
	bundleFormat = "bailiwick-audit/1"

	maxManifest    = 4 << 10
	maxCheckpoint  = 8 << 10
	maxNote        = 64 << 10 // with the signatures of witnesses
	maxProof       = maxNote + 4<<10
	maxCheckpoints = 1000 // in a bundle
	maxEntries     = tileWidth * (2 + MaxLeaf)
	maxOpeningData = 1<<20 + 1<<12   // sealing adds a little
	maxOpenings    = 8 << 20         // in one file; an event whose openings are more than that has a file of its own
	maxIndex       = uint64(1) << 62 // of a tile; no log is that long, and sums of it do not overflow
)

func (m *manifest) bytes() []byte {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings and numbers
	}
	return append(b, '\n')
}

// parseManifest returns nil if b is not what bytes writes.
func parseManifest(b []byte) *manifest {
	var m manifest
	if json.Unmarshal(b, &m) != nil || m.Format != bundleFormat || !bytes.Equal(m.bytes(), b) {
		return nil
	}
	return &m
}

// section is where in a bundle a file belongs.
type section uint8

const (
	inManifest section = iota
	inCheckpoints
	inHead
	inHeadsLinks
	inHeadsProofs
	inTiles
	inLater
	inNowhere
)

// place is where in a bundle a file belongs. The files of a bundle ascend by it.
type place struct {
	section section
	at      uint64 // the size of a checkpoint; the number of the tile of level 0 that a file comes with; the place of a later event
	rank    uint64 // within it: entries, their hashes, openings in parts, tiles of the levels above
	width   int    // of a tile that is not full; it does not order
}

const (
	rankEntries  = 0
	rankTile     = 1 // of level 0: it comes before the openings, because it tells which event lies where
	rankOpenings = 2
	rankUpper    = 1 << 32 // + level
)

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.section, q.section), cmp.Compare(p.at, q.at), cmp.Compare(p.rank, q.rank))
}

// appendTilePath appends the path of tile n of a level, as in c2sp.org/tlog-tiles; width 0 is a full one.
func appendTilePath(b []byte, n uint64, width int) []byte {
	var groups [7]uint64
	k := 0
	for {
		groups[k] = n % 1000
		k++
		if n /= 1000; n == 0 {
			break
		}
	}
	for k--; k >= 0; k-- {
		if k > 0 {
			b = append(b, 'x')
		}
		g := groups[k]
		b = append(b, byte('0'+g/100), byte('0'+g/10%10), byte('0'+g%10))
		if k > 0 {
			b = append(b, '/')
		}
	}
	if width > 0 {
		b = append(b, ".p/"...)
		b = strconv.AppendInt(b, int64(width), 10)
	}
	return b
}

// appendFileName is the name of the file at p.
func appendFileName(b []byte, p place) []byte {
	switch p.section {
	case inManifest:
		return append(b, "bundle.json"...)
	case inCheckpoints:
		return strconv.AppendUint(append(b, "checkpoints/"...), p.at, 10)
	case inHead:
		return append(b, "heads/checkpoint"...)
	case inHeadsLinks:
		return append(strconv.AppendUint(append(b, "heads/"...), p.at, 10), ".consistency"...)
	case inHeadsProofs:
		return append(strconv.AppendUint(append(b, "heads/"...), p.at, 10), ".proof"...)
	case inTiles:
		switch {
		case p.rank == rankEntries:
			return appendTilePath(append(b, "tile/entries/"...), p.at, p.width)
		case p.rank == rankTile:
			return appendTilePath(append(b, "tile/0/"...), p.at, p.width)
		case p.rank < rankUpper:
			b = appendTilePath(append(b, "openings/"...), p.at, p.width)
			if p.rank > rankOpenings {
				b = strconv.AppendUint(append(b, '+'), p.rank-rankOpenings, 10)
			}
			return b
		}
		level := p.rank - rankUpper
		b = append(strconv.AppendUint(append(b, "tile/"...), level, 10), '/')
		return appendTilePath(b, p.at>>(8*level), p.width)
	case inLater:
		return append(strconv.AppendUint(append(b, "later/"...), p.at, 10), [...]string{".consistency", ".leaf", ".proof"}[p.rank]...)
	}
	return append(b, '?')
}

// fileName is the name of the file at p.
func fileName(p place) string { return string(appendFileName(nil, p)) }

// parseFileName is the reverse of fileName; its section is inNowhere for a name that is none. last is the
// number of the last tile of level 0, which upper tiles that are not full come with.
func parseFileName(name []byte, last uint64) place {
	p := guessPlace(string(name), last) // no allocation: guessPlace does not keep it
	var b [128]byte
	if p.section == inNowhere || !bytes.Equal(appendFileName(b[:0], p), name) {
		return place{section: inNowhere}
	}
	return p
}

func guessPlace(s string, last uint64) place {
	nowhere := place{section: inNowhere}
	switch s {
	case "bundle.json":
		return place{section: inManifest}
	case "heads/checkpoint":
		return place{section: inHead}
	}
	if rest, ok := strings.CutPrefix(s, "tile/entries/"); ok {
		return guessTile(rest, 0, rankEntries, last)
	}
	if rest, ok := strings.CutPrefix(s, "openings/"); ok {
		part := uint64(0)
		if i := strings.IndexByte(rest, '+'); i >= 0 {
			part, _ = strconv.ParseUint(rest[i+1:], 10, 16)
			rest = rest[:i]
		}
		return guessTile(rest, 0, rankOpenings+part, last)
	}
	if rest, ok := strings.CutPrefix(s, "tile/"); ok && len(rest) > 2 && rest[0] >= '0' && rest[0] <= '7' && rest[1] == '/' {
		level := uint64(rest[0] - '0')
		if level == 0 {
			return guessTile(rest[2:], 0, rankTile, last)
		}
		return guessTile(rest[2:], level, rankUpper+level, last)
	}
	for _, kind := range [...]struct {
		prefix, suffix string
		in             section
		rank           uint64
	}{
		{"checkpoints/", "", inCheckpoints, 0}, {"heads/", ".consistency", inHeadsLinks, 0}, {"heads/", ".proof", inHeadsProofs, 0},
		{"later/", ".consistency", inLater, 0}, {"later/", ".leaf", inLater, 1}, {"later/", ".proof", inLater, 2},
	} {
		if !strings.HasPrefix(s, kind.prefix) || !strings.HasSuffix(s, kind.suffix) {
			continue
		}
		n, err := strconv.ParseUint(s[len(kind.prefix):len(s)-len(kind.suffix)], 10, 64)
		if err == nil {
			return place{section: kind.in, at: n, rank: kind.rank}
		}
	}
	return nowhere
}

// guessTile reads the path of a tile of a level.
func guessTile(s string, level, rank, last uint64) place {
	p := place{section: inTiles, rank: rank}
	if i := strings.Index(s, ".p/"); i >= 0 {
		w, err := strconv.ParseUint(s[i+3:], 10, 8)
		if err != nil || w == 0 {
			return place{section: inNowhere}
		}
		p.width, s = int(w), s[:i]
	}
	n := uint64(0)
	for i := range len(s) {
		if c := s[i]; c >= '0' && c <= '9' && n < maxIndex/16 {
			n = n*10 + uint64(c-'0')
		} else if c != 'x' && c != '/' {
			return place{section: inNowhere}
		}
	}
	// A full tile of level L comes with the last tile of level 0 below it, a partial one with the log's last.
	switch {
	case n >= maxIndex>>(8*level)-1:
		return place{section: inNowhere}
	case p.width > 0:
		p.at = last
		if p.at>>(8*level) != n {
			p.at = (n+1)<<(8*level) - 1 // of another log than this one: it will not be expected
		}
	default:
		p.at = (n+1)<<(8*level) - 1
	}
	return p
}

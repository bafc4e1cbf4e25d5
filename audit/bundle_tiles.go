package audit

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// fileSink is where the files of a bundle or a directory go, in order.
type fileSink interface {
	file(name string, parts ...[]byte) error
}

// bundler writes a log, up to a size that was signed, as it lies in the store: what is wrong with it is for the
// reader to find, and is no reason not to show it.
type bundler struct {
	store  Tree
	size   uint64
	pruned uint64
	sink   fileSink
	open   bool // openings too

	above    edge   // the tree over what was written, for the tiles above level 0 that are not full
	hashes   []byte // of the current tile
	entries  []byte
	openings []byte
}

// tiles writes all tiles with their entries.
func (b *bundler) tiles(ctx context.Context) error {
	for n := uint64(0); n*tileWidth < b.size; n++ {
		if err := b.tile(ctx, n, int(min(tileWidth, b.size-n*tileWidth))); err != nil {
			return err
		}
	}
	return nil
}

func (b *bundler) tile(ctx context.Context, n uint64, width int) error {
	base := n * tileWidth
	at := place{section: inTiles, at: n, width: widthOf(width)}
	b.entries, b.openings, b.hashes = b.entries[:0], b.openings[:0], b.hashes[:0]
	parts := [][]byte(nil) // files of openings that are full already
	if base+uint64(width) > b.pruned {
		err := b.store.Leaves(ctx, base, base+uint64(width), func(s Stored) error {
			b.entries = binary.BigEndian.AppendUint16(b.entries, uint16(len(s.Leaf)))
			b.entries = append(b.entries, s.Leaf...)
			b.hashes = append(b.hashes, s.Hash[:]...)
			if !b.open {
				return nil
			}
			// The order is that of the store, which has none: a bundle has.
			open := slices.SortedFunc(slices.Values(s.Open), func(x, y Opening) int { return bytes.Compare(x.Subject[:], y.Subject[:]) })
			for _, o := range open {
				if len(b.openings) > 0 && len(b.openings)+len(o.Data) > maxOpenings {
					parts = append(parts, bytes.Clone(b.openings))
					b.openings = b.openings[:0]
				}
				b.openings = binary.AppendUvarint(b.openings, uint64(s.Seq-base))
				b.openings = append(b.openings, o.Subject[:]...)
				b.openings = binary.AppendUvarint(b.openings, uint64(len(o.Data)))
				b.openings = append(b.openings, o.Data...)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if len(b.entries) > 0 {
		if err := b.sink.file(fileName(at), b.entries); err != nil {
			return err
		}
		if len(b.openings) > 0 {
			parts = append(parts, b.openings)
		}
	}
	there, err := b.readRow(ctx, n, width)
	if err != nil {
		return err
	}
	at.rank = rankTile
	if there {
		if err := b.sink.file(fileName(at), b.hashes); err != nil {
			return err
		}
	}
	for i, p := range parts {
		at.rank = rankOpenings + uint64(i)
		if err := b.sink.file(fileName(at), p); err != nil {
			return err
		}
	}
	return b.upper(ctx, n, width)
}

// readRow reads the hashes of a tile of level 0: those in the tile, or, where it is not full, those kept with the
// events. It is false for a tile that is not there: it is not made again, because it was taken away.
func (b *bundler) readRow(ctx context.Context, n uint64, width int) (there bool, err error) {
	if width < tileWidth {
		row, err := b.store.Hashes(ctx, n*tileWidth, n*tileWidth+uint64(width))
		if err == nil {
			b.hashes = row
		} else if !errors.Is(err, ErrCorrupt) {
			return false, err
		}
		return true, nil
	}
	data, err := b.store.Tiles(ctx, []TileID{{0, n}})
	if err != nil || len(data) != 1 || data[0] == nil {
		return false, err
	}
	b.hashes = append(b.hashes[:0], data[0]...)
	return true, nil
}

// upper writes the tiles of the levels above that tile n fills, and with the last one those that stay unfilled.
func (b *bundler) upper(ctx context.Context, n uint64, width int) error {
	last := (n+1)*tileWidth >= b.size
	var filled []Tile
	if width == tileWidth {
		row := b.hashes
		if len(row) != tileWidth*hashSize { // it is damaged: so are those above
			row = append(bytes.Clone(row), make([]byte, tileWidth*hashSize)...)[:tileWidth*hashSize]
		}
		err := b.above.addTile(row, func(id TileID, data []byte) error {
			if id.Level > 0 {
				filled = append(filled, Tile{id, bytes.Clone(data)})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for level := 1; level < tileLevels; level++ {
		at := place{section: inTiles, at: n, rank: rankUpper + uint64(level)}
		i := slices.IndexFunc(filled, func(t Tile) bool { return t.Level == level })
		switch {
		case i >= 0:
			stored, err := b.store.Tiles(ctx, []TileID{filled[i].TileID})
			if err != nil {
				return err
			}
			if len(stored) != 1 || stored[0] == nil {
				continue // as in readRow
			}
			if err := b.sink.file(fileName(at), stored[0]); err != nil {
				return err
			}
		case last && len(b.above.part[level]) > 0:
			at.width = len(b.above.part[level]) / hashSize
			if err := b.sink.file(fileName(at), b.above.part[level]); err != nil {
				return err
			}
		}
	}
	return nil
}

// signedUpTo returns at most limit checkpoints of up to size, the newest among them, evenly thinned.
func signedUpTo(ctx context.Context, t Tree, size uint64, limit int) (all []Signed, err error) {
	err = t.Signed(ctx, 0, func(s Signed) error {
		if s.Size > size {
			return errStop
		}
		s.Note = bytes.Clone(s.Note)
		if n := len(all); n > 0 && all[n-1].Size == s.Size {
			return nil
		}
		if all = append(all, s); len(all) > 2*limit {
			all = everySecond(all)
		}
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	for len(all) > limit {
		all = everySecond(all)
	}
	return all, err
}

var errStop = errors.New("audit: enough")

// everySecond keeps the last and every second before it.
func everySecond(all []Signed) []Signed {
	kept := all[:0]
	for i, s := range all {
		if (len(all)-1-i)%2 == 0 {
			kept = append(kept, s)
		}
	}
	return kept
}

func appendHashLines(b []byte, hs []tlog.Hash) []byte {
	for _, h := range hs {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	return append(b, '\n')
}

// heldSizes are the sizes of the notes of that origin, each once, ascending, that are below size.
func heldSizes(notes [][]byte, origin string, size uint64) (sizes []uint64) {
	for _, raw := range notes {
		if c, _, err := openUnverified(raw); err == nil && c.Origin == origin && c.Size > 0 && c.Size < size {
			sizes = append(sizes, c.Size)
		}
	}
	slices.Sort(sizes)
	return slices.Compact(sizes)
}

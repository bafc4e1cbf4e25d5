package audit

import (
	"crypto/sha256"
	"encoding/binary"
)

// readTiles reads the events tile by tile.
func (v *verifier) readTiles() error {
	v.startBracket()
	v.compareMarks(0)
	for n := uint64(0); n*tileWidth < v.m.Size && !v.ended; n++ {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		found, err := v.readTile(n, int(min(tileWidth, v.m.Size-n*tileWidth)))
		if err != nil {
			return err
		}
		if !found && !v.ended {
			n = v.skipTiles(n) - 1
		}
	}
	if v.reached < v.m.Size {
		v.find(RuleIncomplete, v.reached, v.m.Size, "the bundle ends before event %d of %d", v.reached, v.m.Size)
	}
	return nil
}

// skipTiles goes past tiles of which nothing is there, and returns the first of which something is.
func (v *verifier) skipTiles(n uint64) uint64 {
	next := v.last + 1
	if p := parseFileName(v.tar.name, v.last); v.have && p.section == inTiles && p.at > n && p.at <= v.last {
		next = p.at
	}
	v.broken = true
	v.find(RuleIncomplete, n*tileWidth, min(v.m.Size, next*tileWidth), "these events and their tiles are missing")
	v.reached = min(v.m.Size, next*tileWidth)
	v.tiles.tiles, v.leaves.tiles = v.reached/tileWidth, v.reached/tileWidth
	return next
}

func widthOf(width int) int {
	if width == tileWidth {
		return 0
	}
	return width
}

// readTile reads what there is of a tile, and is false if there is nothing.
func (v *verifier) readTile(n uint64, width int) (bool, error) {
	base := n * tileWidth
	at := place{section: inTiles, at: n, width: widthOf(width)}
	v.views, v.hashes = v.views[:0], v.hashes[:0]
	hasEntries, err := v.expect(at)
	if err != nil {
		return false, err
	}
	if hasEntries {
		if err := v.readEntries(base, width); err != nil {
			return false, err
		}
	}
	at.rank = rankTile
	hasTile, err := v.expect(at)
	if err != nil {
		return false, err
	}
	if hasTile {
		if hasTile, err = v.readRow(base, width); err != nil {
			return false, err
		}
	}
	if !hasTile && (v.ended || !hasEntries) {
		return false, nil
	}
	if hasEntries {
		v.align(base, width, hasTile)
		v.checkLeaves(base)
		if err := v.readOpenings(at, base); err != nil {
			return false, err
		}
		v.ownEvents(base)
		if v.own.tooMany {
			return false, errManyHolds
		}
	}
	v.joinTile(n, width, hasEntries, hasTile)
	return true, v.readUpper(n, width)
}

// readEntries reads the leaves of a tile and hashes them.
func (v *verifier) readEntries(base uint64, width int) error {
	if v.tar.left > maxEntries {
		v.find(RuleMalformed, base, base+uint64(width), "the entries of a tile have %d bytes", v.tar.left)
		return nil
	}
	var err error
	if v.entries, err = v.tar.readInto(v.entries[:0]); err != nil {
		return v.torn(err)
	}
	b := v.entries
	for at := 0; at < len(b); {
		seq := base + uint64(len(v.views))
		end := at + 2
		if end <= len(b) {
			end += int(binary.BigEndian.Uint16(b[at:]))
		}
		if at+2 > len(b) || end > len(b) || len(v.views) == 2*tileWidth {
			v.find(RuleMalformed, seq, seq+1, "the entries of the tile do not end where they should")
			break
		}
		// The byte before the leaf is of its length, which was read: it makes room for the prefix of the hash.
		b[at+1] = 0
		v.hashes = append(v.hashes, sha256.Sum256(b[at+1:end]))
		v.views = append(v.views, viewLeaf(b, at+2, end, v.tenant))
		at = end
	}
	v.rep.Events += uint64(len(v.views))
	return nil
}

// checkLeaves checks the form of the leaves, each at its place.
func (v *verifier) checkLeaves(base uint64) {
	for i, k := range v.aligned.lies[:v.aligned.width] {
		if k == noLeaf {
			continue
		}
		view, seq := &v.views[k], base+uint64(i)
		switch {
		case view.bad:
			v.find(RuleBadLeaf, seq, seq+1, "it is not the encoding of an event")
		case view.foreign:
			v.find(RuleForeign, seq, seq+1, "it belongs to another tenant")
		default:
			v.checkTime(seq, v.entries[view.time:view.time+int32(leafTimeLen)])
		}
	}
}

// readRow reads the hashes of a tile of level 0.
func (v *verifier) readRow(base uint64, width int) (bool, error) {
	if v.tar.left != int64(width*hashSize) {
		v.find(RuleMalformed, base, base+uint64(width), "a tile of %d hashes has %d bytes", width, v.tar.left)
		return false, nil
	}
	for i := range width {
		if err := v.tarFull(v.tileRow[i][:]); err != nil {
			return false, v.torn(err)
		}
	}
	return true, nil
}

// tarFull fills b from the current file, which has as many bytes.
func (v *verifier) tarFull(b []byte) error {
	for len(b) > 0 {
		n, err := v.tar.Read(b)
		if b = b[n:]; err != nil {
			return err
		}
	}
	return nil
}

// joinTile puts the hashes of the leaves and of the tile side by side into the two trees, and compares them
// with what was signed within the tile.
func (v *verifier) joinTile(n uint64, width int, hasEntries, hasTile bool) {
	base := n * tileWidth
	to := base + uint64(width)
	switch {
	case hasEntries && hasTile:
		if v.aligned.equal && v.same {
			break
		}
		if v.same {
			v.same, v.leaves = false, v.tiles
		}
		v.leafRow = v.tileRow
		copy(v.leafRow[:width], v.hashes)
		if len(v.doubts) > 4*tileWidth { // no checkpoint tells for long: it does not matter any more which is right
			v.resolve(to, true)
		}
	case hasEntries:
		v.find(RuleIncomplete, base, to, "the tile of these events is missing")
		if len(v.hashes) != width {
			v.broken = true
			v.find(RuleMissing, base, to, "there are %d events instead of %d", len(v.hashes), width)
		}
		copy(v.tileRow[:width], v.hashes)
		v.leafRow = v.tileRow
	case hasTile:
		v.leafRow = v.tileRow
	}
	v.reached = to
	v.compareMarks(to)
	if width == tileWidth {
		root := hashRange(v.tileRow[:])
		v.tiles.push(root)
		if !v.same {
			v.leaves.push(hashRange(v.leafRow[:]))
		}
	}
	if !hasEntries && hasTile {
		if width < tileWidth {
			v.find(RuleMissing, base, to, "the events of a tile that is not full cannot have been pruned")
		} else {
			v.absent(base, width)
		}
	}
	v.keepRoot(to)
}

// readUpper reads the tiles of the levels above that come with tile n: those that it fills, and with the last
// one those that stay unfilled.
func (v *verifier) readUpper(n uint64, width int) error {
	if v.broken {
		return v.skipUpper(n)
	}
	full := v.tiles.tiles
	for level := uint64(1); level <= uint64(len(v.tiles.upper)); level++ {
		count := full >> (8 * (level - 1)) // of hashes on the level
		part := int(count % tileWidth)
		switch filled := width == tileWidth && full&(1<<(8*level)-1) == 0; {
		case count == 0, n != v.last && !filled:
			return nil
		case filled:
			part = tileWidth
		case part == 0: // it was filled by an earlier tile
			continue
		}
		if err := v.readUpperTile(n, level, (count-1)/tileWidth, part); err != nil || v.ended {
			return err
		}
	}
	return nil
}

func (v *verifier) readUpperTile(n, level, index uint64, part int) error {
	each := uint64(tileWidth) << (8 * (level - 1)) // places below a hash
	from := index * tileWidth * each
	to := from + uint64(part)*each
	ok, err := v.expect(place{section: inTiles, at: n, rank: rankUpper + level, width: widthOf(part)})
	switch {
	case err != nil:
		return err
	case !ok:
		v.find(RuleIncomplete, from, to, "tile %d of level %d is missing", index, level)
		return nil
	case v.tar.left != int64(part*hashSize):
		v.find(RuleMalformed, from, to, "tile %d of level %d has %d bytes", index, level, v.tar.left)
		return nil
	}
	for i := range part {
		var h treeHash
		if err := v.tarFull(h[:]); err != nil {
			return v.torn(err)
		}
		if h != v.tiles.upper[level-1][i] && (v.same || h != v.leaves.upper[level-1][i]) {
			at := from + uint64(i)*each
			v.find(RuleTile, at, at+each, "tile %d of level %d has another hash for these events", index, level)
		}
	}
	return nil
}

// skipUpper goes past upper tiles that cannot be compared.
func (v *verifier) skipUpper(n uint64) error {
	for at := (place{section: inTiles, at: n, rank: rankUpper}); ; {
		ok, err := v.peek()
		if err != nil || !ok {
			return err
		}
		p := parseFileName(v.tar.name, v.last)
		if p.section != inTiles || p.at != n || p.compare(at) <= 0 {
			return nil
		}
		at, v.have = p, false
	}
}

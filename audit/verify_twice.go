package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
)

// The ids of a long log do not fit into the memory that a verifier may take. So they are read twice more: once to find those
// that may have been there before, by a filter that is never wrong when it says no, and once to see which of these really were.
// Logs of more than idsAtOnce events are read twice for each share of their ids.
const (
	idsAtOnce     = 20_000_000
	filterBits    = 12 // for each id: one of about 300 is suspected in vain
	filterProbes  = 6
	keptSuspected = 1 << 17
)

var errNotTwice = errors.New("a policy that asks for unique ids needs a bundle that can be read again")

// ids finds those that are in a log twice.
type ids struct {
	from   io.ReadSeeker
	start  int64
	seed   maphash.Seed
	shares uint64
	filter []uint64
	seen   map[[16]byte]uint64 // suspected ids, and 1 + the place where they were first
}

// newIDs is called before anything is read.
func newIDs(r io.Reader) (*ids, error) {
	s, ok := r.(io.ReadSeeker)
	if !ok {
		return nil, errNotTwice
	}
	start, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotTwice, err)
	}
	return &ids{from: s, start: start, seed: maphash.MakeSeed()}, nil
}

// readTwice reports the events whose id an earlier one has, if the policy asks for that.
func (v *verifier) readTwice() error {
	x := v.ids
	if x == nil || v.m.Size == 0 {
		return nil
	}
	x.shares = (v.m.Size-1)/idsAtOnce + 1
	events := min(v.rep.Events, v.m.Size)/x.shares + 1 // those that were read, whatever the bundle claims
	x.filter = make([]uint64, events*filterBits/64+1)
	for share := range x.shares {
		clear(x.filter)
		x.seen = map[[16]byte]uint64{}
		if err := v.eachID(share, x.suspect); err != nil {
			return err
		}
		if err := v.eachID(share, func(seq uint64, id [16]byte, _ uint64) {
			first, suspected := x.seen[id]
			switch {
			case !suspected:
			case first == 0:
				x.seen[id] = seq + 1
			default:
				v.find(RuleTwice, seq, seq+1, "the event at %d has the same id", first-1)
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

// suspect puts id into the filter, and remembers it if it may have been there.
func (x *ids) suspect(_ uint64, id [16]byte, hash uint64) {
	bits := uint64(len(x.filter)) * 64
	step := hash>>32 | 1
	there := true
	for i := range uint64(filterProbes) {
		at := (hash + i*step) % bits
		there = there && x.filter[at/64]>>(at%64)&1 == 1
		x.filter[at/64] |= 1 << (at % 64)
	}
	if there && len(x.seen) < keptSuspected {
		x.seen[id] = 0
	}
}

// eachID reads the bundle again and calls f for each event whose id is in the share. What is wrong with the bundle was reported.
func (v *verifier) eachID(share uint64, f func(seq uint64, id [16]byte, hash uint64)) error {
	x := v.ids
	if _, err := x.from.Seek(x.start, io.SeekStart); err != nil {
		return err
	}
	tar := newTarReader(x.from)
	for {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		switch err := tar.next(); {
		case err == io.EOF, errors.Is(err, errTarTorn), errors.Is(err, errTarForm):
			return nil
		case err != nil:
			return err
		}
		p := parseFileName(tar.name, v.last)
		if p.section != inTiles || p.rank != rankEntries || tar.left > maxEntries {
			continue
		}
		var err error
		if v.entries, err = tar.readInto(v.entries[:0]); errors.Is(err, errTarTorn) {
			return nil
		} else if err != nil {
			return err
		}
		seq := p.at * tileWidth
		for b := v.entries; len(b) >= 2; seq++ {
			end := 2 + int(binary.BigEndian.Uint16(b))
			if end > len(b) {
				break
			}
			if id, ok := idOf(b[2:end]); ok {
				if hash := maphash.Bytes(x.seed, id[:]); hash%x.shares == share {
					f(seq, id, hash)
				}
			}
			b = b[end:]
		}
	}
}

// idOf returns the id of a leaf.
func idOf(leaf []byte) (id [16]byte, ok bool) {
	s := leafScanner{b: leaf}
	if !s.lit(`{"v":1,"tenant":"`) || !s.word(63) || !s.lit(`","id":"`) {
		return id, false
	}
	at := s.at
	if !s.uuid() {
		return id, false
	}
	return scanUUID(leaf[at:s.at])
}

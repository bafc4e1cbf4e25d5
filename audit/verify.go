package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"golang.org/x/mod/sumdb/note"
)

// Policy says what [Verify] believes. What is in it must come from elsewhere than the bundle.
type Policy struct {
	// Keys are the log's: the one in use and those it had before. At least one.
	Keys []Key
	// HeadsKeys are those of the log of heads; without, it is the keys in use.
	HeadsKeys []Key
	// Tenant and Origin are those the log must have; zero: any.
	Tenant tenancy.ID
	Origin string
	// Witnesses are whose signatures count as from outside; MinWitnesses of them are needed, one if it is 0.
	Witnesses    []note.Verifier
	MinWitnesses int
	// Trusted are signed checkpoints, of this log or of the log of heads, that were kept outside.
	Trusted [][]byte
	// MaxAge is how old the newest checkpoint of the log may be at Now; 0: any age. The zero Now is the present. Each
	// bundle ends with a checkpoint that was made for it; without MaxAge, one of last year's is as good as today's.
	MaxAge time.Duration
	Now    time.Time
	// Sealer opens sealed values, to check them too. Without one they are reported, and the verdict is not OK:
	// what is shown as sealed may be anything, or nothing, and where something sealed is left of an event nobody can miss
	// the rest: it tells neither whose it is nor how many values it holds. AllowSealed is for whose log does seal its values.
	Sealer      Sealer
	AllowSealed bool
	// Unique has it look for events that have the id of another, which the database refuses and who writes past it may not. The
	// bundle is read twice more for each 20 million events, and must be an io.ReadSeeker. Of what was pruned nothing is known.
	Unique bool
	// Restored are the hashes of the events (audit.restored) that say that the log was restored from an old copy, of restores
	// that you know of. Any other is an Error, and so is one of these that is not there. What one of them names as lost is no finding.
	Restored [][32]byte
}

// Verify reads a bundle, as [Log.Bundle] writes it, and reports everything in it that is not as it was
// recorded, with its place. It needs no access to the log. It reads once, unless the policy asks for Unique ids, in constant memory.
//
// The error is for what kept it from reading to the end: r's, ctx's, a policy without keys, more erasures or
// holds than it can keep in mind. Then there is no report.
func Verify(ctx context.Context, r io.Reader, p Policy) (*Report, error) {
	if len(p.Keys) == 0 {
		return nil, errors.New("audit: verify: a policy needs the log's key")
	}
	for _, k := range p.Keys {
		if k.Verifier == nil {
			return nil, errors.New("audit: verify: a key without a verifier")
		}
	}
	if p.Now.IsZero() {
		p.Now = time.Now()
	}
	v := &verifier{ctx: ctx, policy: p, tar: newTarReader(r), rep: &Report{}, same: true}
	if p.Unique {
		var err error
		if v.ids, err = newIDs(r); err != nil {
			return nil, fmt.Errorf("audit: verify: %w", err)
		}
	}
	if err := v.run(); err != nil {
		return nil, fmt.Errorf("audit: verify: %w", err)
	}
	return v.rep, nil
}

// verifier is one run of Verify.
type verifier struct {
	ctx    context.Context
	policy Policy
	tar    *tarReader
	rep    *Report

	have, ended bool // a file's header was read and nobody took it; there are no more files
	name        []byte

	m      manifest
	tenant []byte
	last   uint64 // number of the last tile

	heads *headsView
	marks []mark // what the tree must be, by size
	next  int    // the first of them that was not compared

	reached       uint64              // how far the tiles were read
	tiles, leaves shadowTree          // over what the tiles say and, where they differ, over the leaves
	tileRow       [tileWidth]treeHash // of the current tile
	leafRow       [tileWidth]treeHash // of the current tile, if not same
	same          bool                // leaves and tiles did not differ
	doubts        []Finding           // where they do, until a checkpoint tells which is right
	conflicts     []conflict          // with what was held outside
	broken        bool                // a part of the tree is missing

	entries  []byte     // of the current tile
	views    []leafView // in them
	hashes   []treeHash // of them
	aligned  alignment  // of them with the tile
	opening  openingRun // over them
	erased   erasedFields
	own      ownEvents
	ids      *ids // nil: not looked at
	brackets []bracket
	bracket  int // the first above the current place
}

// run returns what kept it from reading on.
func (v *verifier) run() error {
	if ok, err := v.readManifest(); err != nil || !ok {
		v.rep.conclude()
		return err
	}
	steps := []func() error{v.readCheckpoints, v.readHeads, v.readTiles, v.readLater, v.readEnd, v.readTwice}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	v.settle()
	v.rep.conclude()
	return nil
}

func (v *verifier) find(rule string, from, to uint64, format string, args ...any) {
	v.rep.add(Finding{Rule: rule, Seq: from, To: to, Message: fmt.Sprintf(format, args...)})
}

// peek reads the next header if that was not done. It is false when there are no more files.
func (v *verifier) peek() (bool, error) {
	if v.have || v.ended {
		return v.have, nil
	}
	switch err := v.tar.next(); {
	case err == nil:
		v.have = true
	case err == io.EOF:
		v.ended = true
	default:
		return false, v.torn(err)
	}
	return v.have, nil
}

// torn makes a finding of a stream that is no tar file, and returns other errors.
func (v *verifier) torn(err error) error {
	if err != errTarTorn && err != errTarForm {
		return err
	}
	v.have, v.ended = false, true
	from := min(v.tiles.tiles*tileWidth, v.m.Size)
	rule := RuleMalformed
	if err == errTarTorn {
		rule = RuleIncomplete
	}
	v.find(rule, from, v.m.Size, "at byte %d %v", v.tar.offset, err)
	return nil
}

// expect goes to the file at p, and is false if there is none. Files that should not be before it are reported.
func (v *verifier) expect(p place) (bool, error) {
	v.name = appendFileName(v.name[:0], p)
	for {
		ok, err := v.peek()
		if err != nil || !ok {
			return false, err
		}
		if bytes.Equal(v.tar.name, v.name) {
			v.have = false
			return true, nil
		}
		q := parseFileName(v.tar.name, v.last)
		if q.section != inNowhere && q.compare(p) > 0 {
			return false, nil
		}
		v.unexpected()
	}
}

// follow goes to the next file of a section and returns its place, and false at the end of the section.
func (v *verifier) follow(in section, before *place) (bool, error) {
	for {
		ok, err := v.peek()
		if err != nil || !ok {
			return false, err
		}
		p := parseFileName(v.tar.name, v.last)
		switch {
		case p.section == in && p.compare(*before) > 0:
			*before = p
			v.have = false
			return true, nil
		case p.section != inNowhere && p.section > in:
			return false, nil
		}
		v.unexpected()
	}
}

func (v *verifier) unexpected() {
	v.find(RuleMalformed, 0, 0, "file %q is not expected here", v.tar.name)
	v.have = false
}

// small reads the current file into a new slice if it has at most limit bytes; else it is reported.
func (v *verifier) small(limit int64) ([]byte, bool, error) {
	if v.tar.left > limit {
		v.find(RuleMalformed, 0, 0, "file %q has %d bytes, more than %d", v.tar.name, v.tar.left, limit)
		return nil, false, nil
	}
	b, err := v.tar.readInto(nil)
	if err != nil {
		return nil, false, v.torn(err)
	}
	return b, true, nil
}

func (v *verifier) readManifest() (bool, error) {
	ok, err := v.expect(place{section: inManifest})
	if err != nil {
		return false, err
	}
	if !ok {
		v.find(RuleIncomplete, 0, 0, "there is no bundle.json")
		return false, nil
	}
	b, ok, err := v.small(maxManifest)
	if err != nil || !ok {
		return false, err
	}
	m := parseManifest(b)
	if m == nil || m.Size >= maxIndex || m.Pruned > m.Size || m.Pruned%tileWidth != 0 || !isOrigin(m.Origin) ||
		// A note of the one log must not pass for one of the other.
		m.Heads != nil && !strings.HasPrefix(m.Origin, m.Heads.Origin+"/") {
		v.find(RuleMalformed, 0, 0, "bundle.json is not as one is written")
		return false, nil
	}
	id, err := tenancy.ParseID(m.Tenant)
	if err != nil || id.String() != m.Tenant {
		v.find(RuleMalformed, 0, 0, "bundle.json names no tenant")
		return false, nil
	}
	v.m, v.tenant = *m, []byte(m.Tenant)
	v.last = max(m.Size, 1) - 1
	v.last /= tileWidth
	v.rep.Tenant, v.rep.Origin, v.rep.Size = id, m.Origin, m.Size
	if p := v.policy.Tenant; !p.IsZero() && p != id {
		v.find(RuleOtherLog, 0, 0, "it is of tenant %s", id)
	}
	if p := v.policy.Origin; p != "" && p != m.Origin {
		v.find(RuleOtherLog, 0, 0, "it is of origin %q", m.Origin)
	}
	return true, nil
}

// readEnd reports what comes after the last file.
func (v *verifier) readEnd() error {
	_, err := v.expect(place{section: inNowhere})
	return err
}

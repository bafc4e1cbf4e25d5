package erase

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
)

// part is some rows of a table and what becomes of them.
type part struct {
	*table
	seq    int // of its step and its keys in the journal
	action dsar.Action
	of     rows.Part
	ended  int    // of rows that are kept: 1 those whose end has come, -1 the others
	own    bool   // cut of the person's own rows: nothing is counted. What is cut else is of rows that are not in the part of
	cuts   []int  // ties that rows which stay are cut from; none where rows that go are
	sets   []edit // what columns become
	keys   bool   // keys are noted, and worked on in their order
	stay   bool   // the keys stay noted when the rows are done, so that none is done twice
}

// Steps of the journal that are not parts.
const (
	standIns = -1      // keys of rows that stand in for the person
	ended    = 1 << 30 // the last pass has been committed
	kinds    = 1 << 10 // steps a table can have: parts, and behind them the ties that they cut
	ties     = 8       // the first of these
)

// tied is the step under which the keys of those rows of the part are noted that a tie is cut from, if rows may be cut from several.
func (p *part) tied(tie int) int {
	if p.own {
		return p.table.number*kinds + ties + 2*tie + 1
	}
	return p.table.number*kinds + ties + 2*tie
}

// A part's phase: links of rows that stay are cut first, then those of rows that go, and then each table has its turn.
const (
	leaves = iota // rows that cannot be noted
	cutStaying
	cutGoing
	turns
	phases
)

func (p *part) phase() int {
	switch {
	case p.first:
		return leaves
	case len(p.cuts) > 0:
		return cutStaying
	case p.action == dsar.ActCut:
		return cutGoing
	}
	return turns
}

// before reports whether the part's keys are noted before any row changes.
func (p *part) before() bool {
	return p.keys && (p.early || p.action != dsar.ActDelete || p.ended != 0)
}

// divide makes the parts of a table.
func (l *layout) divide(t *table) error {
	add := func(k int, p part) {
		p.table, p.seq = t, t.number*kinds+k
		p.keys = p.action != dsar.ActDelete || t.early || p.ended != 0 || len(l.taking(t)) > 0 && len(t.Key) > 0
		l.parts = append(l.parts, &p)
	}
	mine := slices.ContainsFunc(l.m.Reach(t.Name), func(r dsar.Reach) bool { return r.Role <= dsar.CoOwner })
	if cuts := l.cuts(t); len(cuts) > 0 {
		p := part{action: dsar.ActCut, of: rows.Mine, cuts: cuts}
		for _, i := range cuts {
			es, err := l.tie(t, i, false)
			if err != nil {
				return err
			}
			p.sets = append(p.sets, es...)
		}
		add(0, p)
	}
	if !mine {
		return nil
	}
	for _, c := range t.Cut {
		if !slices.ContainsFunc(strings.Split(c, ","), func(c string) bool { return !t.live.Column(c).NotNull }) {
			return fmt.Errorf("%w: %s.%s may not be null, and the map says that it may: a cycle was to be broken there", ErrMap, t.Name, c)
		}
	}
	if own := l.owncuts(t); len(own) > 0 {
		add(1, part{action: dsar.ActCut, own: true, of: rows.Erased, sets: own})
	}
	leaving := part{action: dsar.ActCut, own: true, of: rows.Mine}
	if t.goes() {
		leaving.of = rows.Stays
	}
	var err error
	if leaving.cuts, leaving.sets, err = l.leaving(t); err != nil {
		return err
	}
	if len(leaving.cuts) > 0 {
		add(5, leaving)
	}
	masks, err := l.masks(t)
	if err != nil {
		return err
	}
	switch t.Shared {
	case dsar.LastOwnerWins:
		add(2, part{action: dsar.ActShare, of: rows.Stays, stay: true})
	case dsar.RedactMine:
		add(2, part{action: dsar.ActMask, of: rows.Stays, sets: masks, stay: true})
	}
	_, keep := t.Erase.Reason()
	switch {
	case t.goes():
		add(3, part{action: dsar.ActDelete, of: rows.Erased})
	case keep:
		add(3, part{action: dsar.ActDelete, of: rows.Erased, ended: 1})
		add(4, part{action: dsar.ActKeep, of: rows.Erased, ended: -1, stay: true})
	default:
		add(4, part{action: dsar.ActMask, of: rows.Erased, sets: masks, stay: true})
	}
	for _, p := range l.parts {
		if p.table != t || len(t.Key) > 0 {
			continue
		}
		if p.action == dsar.ActShare && !t.early { // its rows are counted, and that is all
			p.keys = false
		}
		if p.keys {
			return fmt.Errorf("%w: %s needs a primary key, for rows of it are noted: to %s them", ErrMap, t.Name, p.action)
		}
	}
	return nil
}

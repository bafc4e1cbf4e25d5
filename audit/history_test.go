package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// modelEvent is an event as a slow model remembers it: all that was said, and what is left of it.
type modelEvent struct {
	seq      uint64
	recorded time.Time
	said     Event
	owner    map[string]Subject // of each erasable field, by label
	erased   map[string]bool
	cut      bool // pruned
}

func newModelEvent(seq uint64, recorded time.Time, e Event) *modelEvent {
	m := &modelEvent{seq: seq, recorded: recorded, said: asRead(e), owner: map[string]Subject{}, erased: map[string]bool{}}
	own := func(who Subject, label, value string) {
		if value != "" {
			m.owner[label] = who
		}
	}
	party := func(name string, p Party) {
		if p.Person {
			own(p.Subject(), name+".id", p.ID)
			own(p.Subject(), name+".name", p.Name)
			own(p.Subject(), name+".email", p.Email)
		}
	}
	party("actor", e.Actor)
	for i, p := range e.Targets {
		party("target."+strconv.Itoa(i), p)
	}
	source := Subject("")
	if e.Actor.Person {
		source = e.Actor.Subject()
	}
	if e.Source.IP.IsValid() {
		own(source, "source.ip", e.Source.IP.String())
	}
	own(source, "source.agent", e.Source.UserAgent)
	own(source, "source.session", e.Source.Session)
	own(source, "reason", e.Reason)
	for k, v := range e.Data {
		if p, ok := v.(PersonalValue); ok {
			m.owner["data."+k] = p.who
		}
	}
	return m
}

// isIn reports whether who can be found in the event: nothing of theirs was erasable, or some of it is left.
func (m *modelEvent) isIn(who Subject) bool {
	had, left := false, false
	for label, o := range m.owner {
		if o == who {
			had, left = true, left || !m.erased[label]
		}
	}
	if had {
		return left
	}
	return slices.ContainsFunc(append(m.said.Targets, m.said.Actor), func(p Party) bool { return p.ID != "" && p.Subject() == who })
}

// now is the event as it must read now.
func (m *modelEvent) now() (e Event, erased []string) {
	e = m.said
	e.Targets, e.Data = slices.Clone(e.Targets), maps.Clone(e.Data)
	for label := range m.erased {
		erased = append(erased, label)
		part := strings.Split(label, ".")
		wipe := func(p *Party) {
			switch part[len(part)-1] {
			case "id":
				p.ID = ""
			case "name":
				p.Name = ""
			case "email":
				p.Email = ""
			}
		}
		switch part[0] {
		case "actor":
			wipe(&e.Actor)
		case "target":
			i, _ := strconv.Atoi(part[1])
			wipe(&e.Targets[i])
		case "source":
			switch part[1] {
			case "ip":
				e.Source.IP = Source{}.IP
			case "agent":
				e.Source.UserAgent = ""
			case "session":
				e.Source.Session = ""
			}
		case "reason":
			e.Reason = ""
		case "data":
			delete(e.Data, strings.TrimPrefix(label, "data."))
		}
	}
	if len(e.Data) == 0 {
		e.Data = nil
	}
	slices.Sort(erased)
	return e, erased
}

func (m *modelEvent) fits(q Query) bool {
	e, _ := m.now()
	is := func(p Party, who Subject) bool { return p.ID != "" && p.Subject() == who && m.isIn(who) }
	return !m.cut &&
		(q.Actor == "" || is(e.Actor, q.Actor)) &&
		(q.Target == "" || slices.ContainsFunc(e.Targets, func(p Party) bool { return is(p, q.Target) })) &&
		(q.Subject == "" || m.isIn(q.Subject)) &&
		(len(q.Actions) == 0 || slices.Contains(q.Actions, e.Action)) &&
		(len(q.Outcomes) == 0 || slices.Contains(q.Outcomes, e.Outcome)) &&
		(q.Since.IsZero() || !m.recorded.Before(q.Since)) && (q.Until.IsZero() || m.recorded.Before(q.Until))
}

// modelLog is a tenant's log, and a real one that must be the same.
type modelLog struct {
	t      *rapid.T
	ctx    context.Context
	log    *Log
	events []*modelEvent
	holds  map[string]Subject // "" holds everything
	signed uint64
	cut    uint64
	sealed bool
}

// people are few, so that they meet in events.
var people = []Subject{"user:1", "user:2", "user:3", "doc:1", "doc:2"}

func partyOf(who Subject, person bool) Party {
	typ, id, _ := strings.Cut(string(who), ":")
	return Party{Type: typ, ID: id, Name: "name of " + id, Person: person}
}

func (m *modelLog) draw() Event {
	t := m.t
	party := rapid.Custom(func(t *rapid.T) Party {
		return partyOf(rapid.SampledFrom(people).Draw(t, "who"), rapid.Bool().Draw(t, "person"))
	})
	e := anyEvent(t)
	e.Actor = Party{}
	if rapid.Bool().Draw(t, "has an actor") {
		e.Actor = party.Draw(t, "actor")
	}
	e.Targets = rapid.SliceOfN(party, 0, 3).Draw(t, "targets")
	if rapid.Bool().Draw(t, "has a note") {
		if len(e.Data) > 4 {
			e.Data = nil
		}
		if e.Data == nil {
			e.Data = map[string]any{}
		}
		e.Data["note"] = Personal(rapid.SampledFrom(people).Draw(t, "about"), "a note")
	}
	e.ID = [16]byte{}
	return e
}

// take lets the model learn what the log recorded of itself, and when.
func (m *modelLog) take(said ...Event) {
	all := logged2(m.t, m.ctx, m.log.store, uint64(len(m.events)))
	require.Len(m.t, all, len(said))
	for i, s := range all {
		said[i].ID = s.ID
		if said[i].Time.IsZero() {
			lf, err := decodeLeaf(s.Leaf)
			require.NoError(m.t, err)
			said[i].Time = lf.at
		}
		m.events = append(m.events, newModelEvent(s.Seq, s.Recorded, said[i]))
	}
}

func logged2(t *rapid.T, ctx context.Context, s Store, from uint64) (all []Stored) {
	n, err := s.Size(ctx)
	require.NoError(t, err)
	require.NoError(t, s.Leaves(ctx, from, n, func(st Stored) error { all = append(all, st.clone()); return nil }))
	return all
}

func (m *modelLog) record(n int) {
	for range n {
		e := m.draw()
		_, err := m.log.Append(m.ctx, e)
		require.NoError(m.t, err)
		m.take(e)
	}
}

var admin = Party{Type: "user", ID: "admin"}

func (m *modelLog) held(who Subject) bool {
	for _, h := range m.holds {
		if h == "" || h == who {
			return true
		}
	}
	return false
}

func (m *modelLog) erase(x Erasure) {
	plan := map[uint64][]string{}
	count, held, missing, who := 0, false, false, map[Subject]bool{}
	for _, e := range m.events {
		named := slices.Contains(x.Seqs, e.seq)
		missing = missing || named && e.cut
		for label, owner := range e.owner {
			if e.cut || e.erased[label] || len(x.Seqs) > 0 && !named || x.Subject != "" && owner != x.Subject || x.Fields != nil && !slices.Contains(x.Fields, label) {
				continue
			}
			plan[e.seq] = append(plan[e.seq], label)
			held = held || m.held(owner)
			who[owner] = true
			count++
		}
	}
	done, err := m.log.Erase(m.ctx, x)
	switch {
	case missing:
		require.ErrorIs(m.t, err, ErrNotFound)
	case m.sealed && errors.Is(err, ErrEvent):
		require.Empty(m.t, x.Subject, "with a subject it is known for whom to seal")
	case held:
		require.ErrorIs(m.t, err, ErrHeld)
	default:
		require.NoError(m.t, err)
		require.Equal(m.t, len(plan), done.Events)
		require.Equal(m.t, count, done.Fields)
		if count == 0 {
			require.Empty(m.t, done.Receipts)
			return
		}
		m.applyErasure(x, plan)
		return
	}
	require.Empty(m.t, done)
}

func (m *modelLog) applyErasure(x Erasure, plan map[uint64][]string) {
	var lines []string
	for _, seq := range slices.Sorted(maps.Keys(plan)) {
		e := m.events[seq]
		for _, label := range plan[seq] {
			e.erased[label] = true
		}
	}
	own := logged2(m.t, m.ctx, m.log.store, uint64(len(m.events)))
	require.Len(m.t, own, 1)
	r, err := m.log.record(m.ctx, acme, own[0])
	require.NoError(m.t, err)
	told := map[uint64][]string{}
	lines, _ = r.Data["fields"].([]string)
	for _, line := range lines {
		seq, labels, _ := strings.Cut(line, ":")
		n, err := strconv.ParseUint(seq, 10, 64)
		require.NoError(m.t, err)
		told[n] = strings.Split(labels, ",")
		slices.Sort(told[n])
		slices.Sort(plan[n])
	}
	require.Equal(m.t, plan, told, "the log tells what was erased, no more and no less")
	m.take(Event{Action: Erased, Actor: admin, Data: map[string]any{"basis": "test", "fields": lines}})
}

func (m *modelLog) prune(to uint64) {
	end := min(to, m.signed)
	end -= end % 256
	held := false
	for _, h := range m.holds {
		held = held || h == "" || slices.ContainsFunc(m.events[:end], func(e *modelEvent) bool { return !e.cut && e.isIn(h) })
	}
	done, err := m.log.Prune(m.ctx, Pruning{To: to, Basis: "test", By: admin})
	switch {
	case end <= m.cut:
		require.NoError(m.t, err)
		require.Empty(m.t, done.Receipts)
	case held:
		require.ErrorIs(m.t, err, ErrHeld)
	default:
		require.NoError(m.t, err)
		require.Equal(m.t, end, done.To)
		hashes, err := m.log.store.Hashes(m.ctx, end, uint64(len(m.events))+1)
		require.NoError(m.t, err)
		require.NotEmpty(m.t, hashes)
		for _, e := range m.events[:end] {
			e.cut = true
		}
		m.cut = end
		own := logged2(m.t, m.ctx, m.log.store, uint64(len(m.events)))
		require.Len(m.t, own, 1)
		r, err := m.log.record(m.ctx, acme, own[0])
		require.NoError(m.t, err)
		require.EqualValues(m.t, end, r.Data["to"])
		m.take(Event{Action: Pruned, Actor: admin, Data: map[string]any{"basis": "test", "to": int64(end), "root": r.Data["root"]}})
	}
}

func (m *modelLog) query(q Query) {
	var want []*modelEvent
	for _, e := range m.events {
		if e.fits(q) {
			want = append(want, e)
		}
	}
	if !q.Oldest {
		slices.Reverse(want)
	}
	// Pages of a random size, each through the cursor of the one before.
	page := q
	page.Limit = rapid.IntRange(0, 7).Draw(m.t, "page size") * (1 + len(want)/50)
	var got []Record
	for {
		n := 0
		for r, err := range m.log.Events(m.ctx, page) {
			require.NoError(m.t, err)
			got = append(got, r)
			page.After = r.Cursor
			n++
		}
		if n == 0 || page.Limit == 0 {
			break
		}
	}
	require.Len(m.t, got, len(want), "%+v", q)
	for i, r := range got {
		e, erased := want[i].now()
		require.Equal(m.t, want[i].seq, r.Seq)
		require.Equal(m.t, e, r.Event)
		slices.Sort(r.Erased)
		require.Equal(m.t, erased, r.Erased)
	}
}

func (m *modelLog) drawQuery() Query {
	t := m.t
	who := func(name string) Subject {
		return rapid.SampledFrom(append([]Subject{"", "", ""}, people...)).Draw(t, name)
	}
	q := Query{
		Actor: who("actor"), Target: who("target"), Subject: who("subject"), Oldest: rapid.Bool().Draw(t, "oldest"),
		Actions:  rapid.SliceOfN(rapid.SampledFrom([]Action{docRead, docUpdate, Erased, Pruned}), 0, 2).Draw(t, "actions"),
		Outcomes: rapid.SliceOfN(rapid.SampledFrom([]Outcome{Success, Failure, Denied, Attempted}), 0, 2).Draw(t, "outcomes"),
	}
	moment := func() time.Time {
		return m.events[rapid.IntRange(0, len(m.events)-1).Draw(t, "moment")].recorded
	}
	if len(m.events) > 0 && rapid.Bool().Draw(t, "since") {
		q.Since = moment()
	}
	if len(m.events) > 0 && rapid.Bool().Draw(t, "until") {
		q.Until = moment()
	}
	return q
}

func (m *modelLog) step() {
	t := m.t
	switch rapid.SampledFrom([]string{"record", "record", "query", "query", "erase", "fields", "hold", "release", "bulk", "prune"}).Draw(t, "step") {
	case "record":
		m.record(rapid.IntRange(1, 5).Draw(t, "events"))
	case "bulk":
		if len(m.events) < 300 {
			m.bulk(300)
		}
	case "query":
		m.query(m.drawQuery())
	case "erase":
		m.erase(Erasure{Subject: rapid.SampledFrom(people).Draw(t, "who"), Basis: "test", By: admin})
	case "fields":
		if len(m.events) == 0 {
			return
		}
		x := Erasure{Basis: "test", By: admin, Subject: rapid.SampledFrom([]Subject{"", "user:1"}).Draw(t, "who")}
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(m.events)-1), 1, 4).Draw(t, "seqs") {
			x.Seqs = append(x.Seqs, uint64(i))
		}
		x.Fields = rapid.SampledFrom([][]string{nil, {"reason"}, {"actor.name", "source.ip"}, {"target.0.id", "data.note"}}).Draw(t, "fields")
		m.erase(x)
	case "hold":
		id := fmt.Sprint("matter-", len(m.holds))
		who := rapid.SampledFrom(append([]Subject{""}, people...)).Draw(t, "whom")
		if _, there := m.holds[id]; there {
			return
		}
		_, err := m.log.Hold(m.ctx, Holding{ID: id, Subject: who, Reason: "test", By: admin})
		require.NoError(t, err)
		m.holds[id] = who
		data := map[string]any{"hold": id, "scope": "all", "reason": "test"}
		if who != "" {
			p := m.log.pseudonym(acme, who)
			data["scope"], data["pseudonym"] = "subject", fmt.Sprintf("%x", p[:])
		}
		m.take(Event{Action: HoldPlaced, Actor: admin, Data: data})
	case "release":
		for id, who := range m.holds {
			_, err := m.log.Release(m.ctx, id, "over", admin)
			require.NoError(t, err)
			delete(m.holds, id)
			data := map[string]any{"hold": id, "scope": "all", "reason": "over"}
			if who != "" {
				p := m.log.pseudonym(acme, who)
				data["scope"], data["pseudonym"] = "subject", fmt.Sprintf("%x", p[:])
			}
			m.take(Event{Action: HoldReleased, Actor: admin, Data: data})
		}
	case "prune":
		if len(m.events) > 0 {
			_, err := m.log.Checkpoint(m.ctx)
			require.NoError(t, err)
			m.signed = uint64(len(m.events))
			m.prune(uint64(rapid.IntRange(1, len(m.events)+300).Draw(t, "to")))
		}
	}
}

// bulk records n events that are alike, to fill tiles.
func (m *modelLog) bulk(n int) {
	who := rapid.SampledFrom(people).Draw(m.t, "who does it all")
	events := make([]Event, n)
	for i := range events {
		events[i] = Event{Action: docRead, Actor: partyOf(who, true), Reason: "bulk", Time: time.UnixMicro(int64(i)).UTC()}
	}
	_, err := m.log.Append(m.ctx, events...)
	require.NoError(m.t, err)
	m.take(events...)
}

func TestHistoriesReadAsTheModelSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := logOver(t, NewMemory())
		m := &modelLog{t: rt, ctx: inAcme(t), log: l, holds: map[string]Subject{}, sealed: rapid.Bool().Draw(rt, "sealed")}
		if m.sealed {
			l.opts.Sealer = &keyring{}
		}
		for range rapid.IntRange(5, 40).Draw(rt, "steps") {
			m.step()
		}
		m.query(Query{})
		m.query(Query{Oldest: true})
	})
}

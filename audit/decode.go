package audit

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// decodeLeaf reads a leaf. It accepts what appendLeaf writes and nothing else, because it writes what it read
// and compares. The event has all but the erasable values, and no Action if this program defined none of that name.
func decodeLeaf(b []byte) (leaf, error) {
	l, ok := readLeaf(b)
	if !ok || !bytes.Equal(appendLeaf(make([]byte, 0, len(b)), &l), b) {
		return leaf{}, fmt.Errorf("%w: bytes that are no leaf", ErrCorrupt)
	}
	return l, nil
}

func readLeaf(b []byte) (l leaf, ok bool) {
	h, ok := scanLeaf(b)
	if !ok || !utf8.Valid(b) {
		return leaf{}, false
	}
	e := &Event{}
	l.event, l.action = e, string(h.action)
	var err error
	if l.tenant, err = tenancy.ParseID(string(h.tenant)); err != nil {
		return leaf{}, false
	}
	if l.id, ok = scanUUID(h.id); !ok || l.id == uuid.Nil {
		return leaf{}, false
	}
	if l.at, ok = scanTime(h.at); !ok || l.at.IsZero() {
		return leaf{}, false
	}
	if !isActionName(l.action) {
		return leaf{}, false
	}
	if e.Outcome, ok = parseOutcome(h.outcome); !ok {
		return leaf{}, false
	}
	if l.personal, ok = readPersonal(h.personal); !ok {
		return leaf{}, false
	}
	e.ID, e.Time = l.id, l.at
	e.Action, _ = Lookup(l.action)
	r := reader{h.rest}
	if !r.event(&l) || len(r.b) > 0 || !labelsFit(e, l.personal) {
		return leaf{}, false
	}
	return l, true
}

func parseOutcome(b []byte) (Outcome, bool) {
	for o := Success; o <= Attempted; o++ {
		if o.String() == string(b) {
			return o, true
		}
	}
	return 0, false
}

func readPersonal(b []byte) (all []field, ok bool) {
	for len(b) > 0 {
		label, text, rest, ok, _ := nextCommitment(b)
		if !ok {
			return nil, false
		}
		f := field{fixed: string(label)}
		if key, data := strings.CutPrefix(f.fixed, dataLabel); data {
			f.fixed, f.key = dataLabel, key
		}
		if n, err := base64.RawURLEncoding.Decode(f.commitment[:], text); err != nil || n != len(f.commitment) {
			return nil, false
		}
		all, b = append(all, f), rest
	}
	return all, true
}

// reader reads what follows "personal". Its methods take something off b, and are false if it is not there.
type reader struct{ b []byte }

func (r *reader) event(l *leaf) bool {
	e := l.event
	if r.take(`,"actor":`) && !r.party(&e.Actor) {
		return false
	}
	if r.take(`,"targets":[`) {
		for more := true; more; more = r.take(`,`) {
			e.Targets = append(e.Targets, Party{})
			if len(e.Targets) > maxTargets || !r.party(&e.Targets[len(e.Targets)-1]) {
				return false
			}
		}
		if !r.take(`]`) {
			return false
		}
	}
	if !r.text(`,"request":`, &e.Source.RequestID) || !r.text(`,"trace":`, &e.Source.TraceID) {
		return false
	}
	if r.take(`,"data":{`) && !r.data(l) {
		return false
	}
	return r.take(`}`)
}

func (r *reader) data(l *leaf) bool {
	l.event.Data = map[string]any{}
	last := ""
	for more := true; more; more = r.take(`,`) {
		k, ok := r.str()
		if !ok || !isDataKey(k) || k <= last || len(l.keys) == maxData || !r.take(`:`) {
			return false
		}
		v, ok := r.value()
		if !ok {
			return false
		}
		l.event.Data[k], l.keys, last = v, append(l.keys, k), k
	}
	return r.take(`}`)
}

func (r *reader) party(p *Party) bool {
	var ok bool
	if !r.take(`{"type":`) {
		return false
	}
	if p.Type, ok = r.str(); !ok || !isPartyType(p.Type) {
		return false
	}
	if !r.text(`,"id":`, &p.ID) || !r.text(`,"name":`, &p.Name) || !r.text(`,"email":`, &p.Email) {
		return false
	}
	p.Person = r.take(`,"person":true`)
	return r.take(`}`)
}

func (r *reader) take(s string) bool {
	if len(r.b) < len(s) || string(r.b[:len(s)]) != s {
		return false
	}
	r.b = r.b[len(s):]
	return true
}

// text reads a string behind key, if key is there.
func (r *reader) text(key string, s *string) (ok bool) {
	if !r.take(key) {
		return true
	}
	*s, ok = r.str()
	return ok && *s != ""
}

func (r *reader) str() (string, bool) {
	if !r.take(`"`) {
		return "", false
	}
	var out []byte // what came before and with the last escape
	for {
		i := bytes.IndexAny(r.b, `"\`)
		if i < 0 {
			return "", false
		}
		part, c := r.b[:i], r.b[i]
		r.b = r.b[i+1:]
		if c == '"' {
			return string(append(out, part...)), true
		}
		esc, ok := r.escape()
		if !ok {
			return "", false
		}
		out = append(append(out, part...), esc)
	}
}

func (r *reader) escape() (byte, bool) {
	if r.take(`u00`) {
		if len(r.b) < 2 {
			return 0, false
		}
		n, err := strconv.ParseUint(string(r.b[:2]), 16, 8)
		r.b = r.b[2:]
		return byte(n), err == nil && n < ' '
	}
	for _, c := range []byte("\"\\\n\t\r\b\f") {
		if r.take(string(rune(shortEscape(c)))) {
			return c, true
		}
	}
	return 0, false
}

func (r *reader) value() (any, bool) {
	switch {
	case len(r.b) == 0:
		return nil, false
	case r.b[0] == '"':
		return r.str()
	case r.take(`true`):
		return true, true
	case r.take(`false`):
		return false, true
	case r.take(`{"time":`):
		s, ok := r.str()
		if !ok || !r.take(`}`) {
			return nil, false
		}
		return scanTime([]byte(s))
	case r.take(`[`):
		return r.list()
	}
	return r.number()
}

func (r *reader) list() (any, bool) {
	all := []string{}
	if r.take(`]`) {
		return all, true
	}
	for more := true; more; more = r.take(`,`) {
		s, ok := r.str()
		if !ok {
			return nil, false
		}
		all = append(all, s)
	}
	return all, r.take(`]`)
}

// number reads a float64 if it has a point or an exponent, and else an int64, or a uint64 if it is too large for
// that.
func (r *reader) number() (any, bool) {
	n := bytes.IndexAny(r.b, `,}`)
	if n < 0 {
		return nil, false
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	if strings.ContainsAny(s, ".e") {
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i, true
	}
	u, err := strconv.ParseUint(s, 10, 64)
	return u, err == nil
}

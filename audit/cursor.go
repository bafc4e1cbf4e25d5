package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Cursor is a place in the answer to a [Query], as text that can be handed to a client and back. It is bound to the tenant
// and to the filter and order of the query, so that one of another tenant or filter is refused ([ErrCursor]). It
// tells the event's place in the log and nothing else, and keeps its meaning when events are added, erased or pruned.
// It is no permission: whoever may not ask without it may not ask with it.
type Cursor string

const cursorVersion = 1

// cursorSize is version, place and the code that authenticates both.
const cursorSize = 1 + 8 + 16

// cursorMaker makes and checks the cursors of one query.
type cursorMaker struct{ key, about []byte }

func newCursorMaker(key tenancy.Key, tenant tenancy.ID, q Query) cursorMaker {
	return cursorMaker{key.Derive("audit cursor v1"), q.filter(tenant)}
}

func (m cursorMaker) make(seq uint64) Cursor {
	b := make([]byte, 0, cursorSize)
	b = binary.BigEndian.AppendUint64(append(b, cursorVersion), seq)
	return Cursor(base64.RawURLEncoding.EncodeToString(append(b, m.code(b)...)))
}

func (m cursorMaker) open(c Cursor) (seq uint64, err error) {
	if len(c) != base64.RawURLEncoding.EncodedLen(cursorSize) {
		return 0, ErrCursor
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(c))
	if err != nil || len(b) != cursorSize || b[0] != cursorVersion || !hmac.Equal(b[9:], m.code(b[:9])) {
		return 0, ErrCursor
	}
	return binary.BigEndian.Uint64(b[1:9]), nil
}

func (m cursorMaker) code(head []byte) []byte {
	h := hmac.New(sha256.New, m.key)
	h.Write(head) // of fixed length, so what follows begins where it must
	h.Write(m.about)
	return h.Sum(nil)[:16]
}

// filter tells tenant, filter and order of q as bytes, other bytes for another of them. The limit is left out: a page may be
// shorter than the one before it.
func (q Query) filter(tenant tenancy.ID) []byte {
	b := appendSized(nil, tenant.String())
	b = appendSized(b, string(q.Actor))
	b = appendSized(b, string(q.Target))
	b = appendSized(b, string(q.Subject))
	names := actionNames(q.Actions)
	b = binary.AppendUvarint(b, uint64(len(names)))
	for _, n := range names {
		b = appendSized(b, n)
	}
	outcomes := slices.Compact(slices.Sorted(slices.Values(q.Outcomes)))
	b = binary.AppendUvarint(b, uint64(len(outcomes)))
	for _, o := range outcomes {
		b = append(b, byte(o))
	}
	for _, t := range []time.Time{q.Since, q.Until} {
		if t.IsZero() {
			b = append(b, 0)
			continue
		}
		b = binary.BigEndian.AppendUint64(append(b, 1), uint64(t.Unix()))
		b = binary.BigEndian.AppendUint32(b, uint32(t.Nanosecond()))
	}
	if q.Oldest {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendSized appends s behind its length.
func appendSized(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// actionNames returns the names, sorted and each once.
func actionNames(of []Action) []string {
	names := make([]string, 0, len(of))
	for _, a := range of {
		names = append(names, a.Name())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

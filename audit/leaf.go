package audit

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"
)

// A leaf is one line of JSON, made once and never again: what was hashed is what is kept. Its keys have a fixed
// order, "tenant" to "outcome" and "personal" hold nothing that JSON escapes, and free text comes after them, so
// that a verifier finds them without a parser. The labels of fields in "personal" have a fixed order as well.

// leafTime is the one form of a time in a leaf, in UTC.
const leafTime = "2006-01-02T15:04:05.000000Z"

// leaf is what one says. Erasable values of event are not read.
type leaf struct {
	tenant   tenancy.ID
	id       uuid.UUID
	at       time.Time
	action   string
	event    *Event
	keys     []string // of the values in event.Data that stand in clear text, sorted
	personal []field
}

// field is an erasable value with its commitment.
type field struct {
	fixed, key string // the label is both, one after the other: key is that of a value in Data
	value      string
	who        int // index of the subject, while encoding
	commitment [32]byte
}

func (f *field) label() string { return f.fixed + f.key }

// hashOfLeaf is the hash of a leaf in the tree (RFC 6962, 2.1).
func hashOfLeaf(b []byte) [32]byte { return tlog.RecordHash(b) }

func appendLeaf(b []byte, l *leaf) []byte {
	b = append(b, `{"v":1,"tenant":"`...)
	b = append(b, l.tenant.String()...)
	b = append(b, `","id":"`...)
	b = appendUUID(b, l.id)
	b = append(b, `","time":"`...)
	b = l.at.AppendFormat(b, leafTime)
	b = append(b, `","action":"`...)
	b = append(b, l.action...)
	b = append(b, `","outcome":"`...)
	b = append(b, l.event.Outcome.String()...)
	b = append(b, '"')
	for i := range l.personal {
		f := &l.personal[i]
		b = append(b, [...]string{`,"personal":{"`, `,"`}[min(i, 1)]...)
		b = append(append(b, f.fixed...), f.key...)
		b = append(b, `":"`...)
		b = base64.RawURLEncoding.AppendEncode(b, f.commitment[:])
		b = append(b, '"')
	}
	if len(l.personal) > 0 {
		b = append(b, '}')
	}
	if l.event.Actor != (Party{}) {
		b = append(b, `,"actor":`...)
		b = appendParty(b, &l.event.Actor)
	}
	for i := range l.event.Targets {
		b = append(b, [...]string{`,"targets":[`, `,`}[min(i, 1)]...)
		b = appendParty(b, &l.event.Targets[i])
	}
	if len(l.event.Targets) > 0 {
		b = append(b, ']')
	}
	b = appendText(b, `,"request":`, l.event.Source.RequestID)
	b = appendText(b, `,"trace":`, l.event.Source.TraceID)
	for i, k := range l.keys {
		b = append(b, [...]string{`,"data":{"`, `,"`}[min(i, 1)]...)
		b = append(b, k...)
		b = append(b, `":`...)
		b = appendValue(b, l.event.Data[k])
	}
	if len(l.keys) > 0 {
		b = append(b, '}')
	}
	return append(b, '}')
}

func appendParty(b []byte, p *Party) []byte {
	b = append(b, `{"type":"`...)
	b = append(b, p.Type...)
	b = append(b, '"')
	if p.Person { // its id, name and email are among the commitments
		return append(b, `,"person":true}`...)
	}
	b = appendText(b, `,"id":`, p.ID)
	b = appendText(b, `,"name":`, p.Name)
	b = appendText(b, `,"email":`, p.Email)
	return append(b, '}')
}

// appendText appends key and s, or nothing if s is empty.
func appendText(b []byte, key, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(append(b, key...), s)
}

// appendValue appends a value of Data whose type checkValue has let pass.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendString(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case uint64:
		return strconv.AppendUint(b, v, 10)
	case float64:
		n := len(b)
		b = strconv.AppendFloat(b, v, 'g', -1, 64)
		if !slices.ContainsFunc(b[n:], isFloatMark) {
			b = append(b, ".0"...) // so that it is read as what it was
		}
		return b
	case time.Time:
		b = append(b, `{"time":"`...)
		b = microseconds(v).AppendFormat(b, leafTime)
		return append(b, `"}`...)
	case []string:
		b = append(b, '[')
		for i, s := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, s)
		}
		return append(b, ']')
	}
	panic("audit: a value that nobody checked") // checkValue and this function list the same types
}

func isFloatMark(c byte) bool { return c == '.' || c == 'e' }

// appendString appends s, which is valid UTF-8, as a JSON string. It escapes what JSON demands and nothing else.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		if short := shortEscape(c); short != 0 {
			b = append(b, '\\', short)
		} else {
			b = append(b, `\u00`...)
			b = hex.AppendEncode(b, []byte{c})
		}
	}
	return append(append(b, s[from:]...), '"')
}

func shortEscape(c byte) byte {
	switch c {
	case '"', '\\':
		return c
	case '\n':
		return 'n'
	case '\t':
		return 't'
	case '\r':
		return 'r'
	case '\b':
		return 'b'
	case '\f':
		return 'f'
	}
	return 0
}

func appendUUID(b []byte, id uuid.UUID) []byte {
	b = hex.AppendEncode(b, id[:4])
	for _, part := range [...][]byte{id[4:6], id[6:8], id[8:10], id[10:]} {
		b = hex.AppendEncode(append(b, '-'), part)
	}
	return b
}

// microseconds is t as leaves keep it.
func microseconds(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// isLeafTime reports whether t has a year of four digits.
func isLeafTime(t time.Time) bool { y := t.UTC().Year(); return y >= 1 && y <= 9999 }

func isFinite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

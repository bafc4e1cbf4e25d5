package audit

import (
	"bytes"
	"encoding/hex"
	"time"

	"github.com/google/uuid"
)

// leafHead is the part of a leaf that a verifier reads. All slices are into the leaf.
type leafHead struct {
	tenant, id, at, action, outcome []byte
	personal                        []byte // what is between the braces; nil without erasable fields
	rest                            []byte // after "personal"
}

const (
	beforeTenant   = `{"v":1,"tenant":"`
	beforeID       = `","id":"`
	beforeTime     = `","time":"`
	beforeAction   = `","action":"`
	beforeOutcome  = `","outcome":"`
	beforePersonal = `,"personal":{`
)

// scanLeaf finds the head of a leaf without allocating. It is false for what has not the outline of one; what it
// lets pass decodeLeaf may still refuse.
func scanLeaf(b []byte) (h leafHead, ok bool) {
	if len(b) > MaxLeaf {
		return leafHead{}, false
	}
	if h.tenant, b, ok = quotedAfter(b, beforeTenant); !ok {
		return leafHead{}, false
	}
	if h.id, b, ok = fixedAfter(b, beforeID, 36); !ok {
		return leafHead{}, false
	}
	if h.at, b, ok = fixedAfter(b, beforeTime, len(leafTime)); !ok {
		return leafHead{}, false
	}
	if h.action, b, ok = quotedAfter(b, beforeAction); !ok {
		return leafHead{}, false
	}
	if h.outcome, b, ok = quotedAfter(b, beforeOutcome); !ok || b[0] != '"' {
		return leafHead{}, false
	}
	b = b[1:]
	if bytes.HasPrefix(b, []byte(beforePersonal)) {
		b = b[len(beforePersonal):]
		end := bytes.IndexByte(b, '}') // neither labels nor commitments have one
		if end < 0 {
			return leafHead{}, false
		}
		h.personal, b = b[:end:end], b[end+1:]
	}
	h.rest = b
	return h, len(b) > 0 && b[len(b)-1] == '}'
}

// quotedAfter splits b, which begins with before, at the next quote, which stays in rest.
func quotedAfter(b []byte, before string) (s, rest []byte, ok bool) {
	if len(b) < len(before) || string(b[:len(before)]) != before {
		return nil, nil, false
	}
	b = b[len(before):]
	end := bytes.IndexByte(b, '"')
	if end < 1 {
		return nil, nil, false
	}
	return b[:end:end], b[end:], true
}

func fixedAfter(b []byte, before string, n int) (s, rest []byte, ok bool) {
	if len(b) < len(before)+n+1 || string(b[:len(before)]) != before || b[len(before)+n] != '"' {
		return nil, nil, false
	}
	b = b[len(before):]
	return b[:n:n], b[n:], true
}

// nextCommitment takes the first commitment off personal: its label, and its text as commitmentIs compares it.
// It is false at the end and, with bad set, where no commitment is.
func nextCommitment(personal []byte) (label, text, rest []byte, ok, bad bool) {
	if len(personal) == 0 {
		return nil, nil, nil, false, false
	}
	if personal[0] != '"' {
		return nil, nil, nil, false, true
	}
	b := personal[1:]
	n := bytes.IndexByte(b, '"')
	if n < 1 || len(b) < n+3+commitmentLen+1 || b[n+1] != ':' || b[n+2] != '"' || b[n+3+commitmentLen] != '"' {
		return nil, nil, nil, false, true
	}
	label, text, rest = b[:n:n], b[n+3:n+3+commitmentLen:n+3+commitmentLen], b[n+4+commitmentLen:]
	if len(rest) == 0 {
		return label, text, nil, true, false
	}
	if rest[0] != ',' || len(rest) == 1 {
		return nil, nil, nil, false, true
	}
	return label, text, rest[1:], true, false
}

// scanUUID reads an id as a leaf has it.
func scanUUID(b []byte) (id uuid.UUID, ok bool) {
	if len(b) != 36 || b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return uuid.Nil, false
	}
	at := 0
	for _, part := range [...][]byte{b[:8], b[9:13], b[14:18], b[19:23], b[24:]} {
		for _, c := range part {
			if c >= 'A' && c <= 'F' {
				return uuid.Nil, false
			}
		}
		n, err := hex.Decode(id[at:], part)
		if err != nil {
			return uuid.Nil, false
		}
		at += n
	}
	return id, true
}

// scanTime reads a time as a leaf has it.
func scanTime(b []byte) (time.Time, bool) {
	if len(b) != len(leafTime) || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' || b[19] != '.' || b[26] != 'Z' {
		return time.Time{}, false
	}
	good := true
	number := func(from, to int) (n int) {
		for _, c := range b[from:to] {
			good = good && c >= '0' && c <= '9'
			n = n*10 + int(c) - '0'
		}
		return n
	}
	y, mo, d := number(0, 4), number(5, 7), number(8, 10)
	h, mi, s, us := number(11, 13), number(14, 16), number(17, 19), number(20, 26)
	if !good || y < 1 || h > 23 || mi > 59 || s > 59 {
		return time.Time{}, false
	}
	t := time.Date(y, time.Month(mo), d, h, mi, s, us*1000, time.UTC)
	return t, t.Day() == d && int(t.Month()) == mo // else there is no such day
}

package consent

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"time"
)

// A Subject is whom an [Entry] is about: a random name that nothing leads to but the [State] of a user or browser. When that is
// forgotten, nobody can tell any more whose the entries were.
type Subject [16]byte

// String returns s as 32 hexadecimal digits.
func (s Subject) String() string { return hex.EncodeToString(s[:]) }

// A Key makes a change idempotent: a tenant's ledger has one entry of a key.
type Key [16]byte

// keyTime is how many of a key's bytes are its time, to the minute: keys of one time are next to each other in an index, and those of
// today are the end of it.
const keyTime = 4

func (k *Key) when(t time.Time) { binary.BigEndian.PutUint32(k[:], uint32(t.Unix()/60)) }

// A Method is how an [Entry] came about.
type Method uint8

// The methods.
const (
	_ Method = iota
	// Accepted: all that was asked; Refused: none of it; Chosen: some of it.
	Accepted
	Refused
	Chosen
	// Withdrawn: what was granted was taken back.
	Withdrawn
	// OptedOut: the person ended the sale of data and targeted advertising by a request, Signalled by an opt-out signal.
	OptedOut
	Signalled
	// Confirmed: said yes in spite of a signal or an earlier opt-out, in a second step.
	Confirmed
	// Linked: what a browser had answered became a user's when they signed in.
	Linked
	// Imported: comes from elsewhere.
	Imported
	// Forgotten: whose the subject's entries are was removed.
	Forgotten
)

var methods = [...]string{Accepted: "accepted", Refused: "refused", Chosen: "chosen", Withdrawn: "withdrawn", OptedOut: "opted out",
	Signalled: "signalled", Confirmed: "confirmed", Linked: "linked", Imported: "imported", Forgotten: "forgotten"}

// String returns the method in words.
func (m Method) String() string {
	if m.known() {
		return methods[m]
	}
	return fmt.Sprintf("consent.Method(%d)", uint8(m))
}

func (m Method) known() bool { return m >= Accepted && int(m) < len(methods) }

// An Entry is one line of a tenant's ledger: what changed for one subject. It holds no name, address or identifier of a device.
type Entry struct {
	Seq     uint64 // 1, 2, 3 and so on in the tenant
	Key     Key
	Subject Subject
	Browser Subject // of a Linked one: the browser that answered, zero if it has no entries
	Method  Method
	Granted Set // with a yes
	Denied  Set // with a no
	OptOut  bool
	Signal  bool   // the request carried an opt-out signal
	Policy  uint16 // the version in force, 0 for none
	Text    Hash   // of the [Document] that was shown, zero for none
	Place   string // where the person was said to be, as [Place] writes it, "" for not known
	Regimes string // the rows of law for that place at that time, their IDs in order with commas
	// At is when, by the store's clock, to the microsecond; Expires is when the yes ends, zero without one.
	At, Expires time.Time
	// Given is when an Imported one was answered, by what it comes from; zero for others.
	Given time.Time
	// Hash is over all of the above, the tenant and the Hash of the entry before.
	Hash Hash
}

// answered is when the person did.
func (e *Entry) answered() time.Time {
	if e.Given.IsZero() {
		return e.At
	}
	return e.Given
}

// sum returns the hash that e has after prev in tenant's ledger. The bytes are never changed: ledgers are verified by them.
func (e *Entry) sum(h hash.Hash, buf []byte, tenant string, prev Hash) (Hash, []byte) {
	b := append(buf[:0], "bailiwick consent entry 1\x00"...)
	b = append(b, prev[:]...)
	b = appendText(b, tenant)
	b = binary.BigEndian.AppendUint64(b, e.Seq)
	b = append(append(append(b, e.Key[:]...), e.Subject[:]...), e.Browser[:]...)
	var flags byte
	if e.OptOut {
		flags |= 1
	}
	if e.Signal {
		flags |= 2
	}
	b = append(b, byte(e.Method), flags)
	b = binary.BigEndian.AppendUint16(b, uint16(e.Granted))
	b = binary.BigEndian.AppendUint16(b, uint16(e.Denied))
	b = binary.BigEndian.AppendUint16(b, e.Policy)
	b = append(b, e.Text[:]...)
	b = appendText(appendText(b, e.Place), e.Regimes)
	for _, t := range [...]time.Time{e.At, e.Expires, e.Given} {
		var us int64
		if !t.IsZero() {
			us = t.UnixMicro()
		}
		b = binary.BigEndian.AppendUint64(b, uint64(us))
	}
	h.Reset()
	_, _ = h.Write(b)
	var out Hash
	h.Sum(out[:0])
	return out, b
}

func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// chain numbers entries after head and gives them their hashes. It returns the new head.
func chain(tenant string, head Head, entries []Entry) Head {
	h := sha256.New()
	var buf []byte
	for i := range entries {
		e := &entries[i]
		head.Seq++
		e.Seq = head.Seq
		head.Hash, buf = e.sum(h, buf, tenant, head.Hash)
		e.Hash = head.Hash
	}
	return head
}

package supportgrant

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// Person identifies a human being, and not a membership: who is on the staff and a customer too is one Person as both.
// It is the application's id, 1 to 128 bytes.
type Person string

// GrantID identifies a grant.
type GrantID = uuid.UUID

// Intent is what an approver is shown and approves: all of it, and nothing else. A second factor is asked for one Intent, and its
// answer is good for no other.
type Intent struct {
	Grant           GrantID
	Tenant          tenancy.ID
	Staff, Approver Person
	Ticket, Reason  string
	Scope           Scope
	Life            time.Duration // from the approval on
	Care            bool          // rows to be handled with care too
	Nonce           [32]byte      // random, new for each challenge
}

// Digest returns what stands for the Intent in a challenge: SHA-256 of "bailiwick/supportgrant/intent/1", the grant, the nonce,
// the life in nanoseconds and care as 0 or 1, in 16, 32, 8 and 1 bytes; then tenant, staff, approver, ticket and reason, each after its
// length in 4 bytes; then the number of the scope's categories in 4 bytes and their names in order, each after its length.
// Numbers are big-endian. Two Intents that differ in anything differ in their digests.
func (i *Intent) Digest() [32]byte {
	buf := make([]byte, 0, 1024)
	buf = append(buf, "bailiwick/supportgrant/intent/1"...)
	buf = append(buf, i.Grant[:]...)
	buf = append(buf, i.Nonce[:]...)
	buf = binary.BigEndian.AppendUint64(buf, uint64(i.Life))
	care := byte(0)
	if i.Care {
		care = 1
	}
	buf = append(buf, care)
	for _, s := range [...]string{i.Tenant.String(), string(i.Staff), string(i.Approver), i.Ticket, i.Reason} {
		buf = appendText(buf, s)
	}
	names := i.Scope.Names()
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(names)))
	for _, n := range names {
		buf = appendText(buf, n)
	}
	return sha256.Sum256(buf)
}

func appendText(buf []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(buf, uint32(len(s))), s...)
}

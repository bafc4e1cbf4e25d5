package vault

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// Shredding says who is to be shredded, and on whose word.
type Shredding struct {
	Subject audit.Subject
	// Pseudonym, in the place of Subject, is that of a [Receipt] or of the event that was recorded: after a restore, to
	// shred again who was shredded since the backup, and whose name may be erased everywhere.
	Pseudonym string
	By        audit.Party
	Basis     string // clear text for ever, such as "GDPR Art. 17(1)(b)": nothing personal in it
}

// Receipt says what a shredding did and what it could not do.
type Receipt struct {
	Keys      int       // destroyed; 0: there were none left
	At        time.Time // by this process's clock
	Pseudonym string    // what the store knows the person as; it says nothing without the tenant's keys
	// Everywhere is when the last process that had the keys in memory has lost them, as long as all have the same
	// [Options.FreshFor]. In a transaction of yours it is as much later as that commits later.
	Everywhere time.Time
	// Residue names what the library cannot reach: copies of the wrapped keys that are only useful with the tenant's
	// keys, in backups, and in what a server keeps of changes.
	Residue []string
}

// Shred destroys all keys of a person, of every purpose, and with them all that was sealed for them, wherever copies of it
// are. In this process it is in force when Shred returns; see [Receipt] for the rest. New values for the same person
// get a new key, and the old ones stay lost. Secrets of the person cannot be used any more, and stay listed until they
// are removed. If the audit log seals its values by [Options.Sealer], those about the person are lost too, also the
// name in the record of the shredding; to whoever verifies the log they are missing until [audit.Log.Erase] tells of it: call it then.
func (v *Vault) Shred(ctx context.Context, s Shredding) (Receipt, error) {
	r, err := v.ring(ctx)
	if err != nil {
		return Receipt{}, err
	}
	who, err := s.who(ctx, r)
	if err != nil {
		return Receipt{}, err
	}
	pseudonym := hex.EncodeToString(who[:])
	var n int
	err = v.store.Tx(ctx, func(ctx context.Context) error {
		if n, err = v.store.Shred(ctx, who); err != nil {
			return err
		}
		err := v.record(ctx, subjectShredded, s.By, Ref{Subject: s.Subject}, map[string]any{"keys": n, "basis": s.Basis, "pseudonym": pseudonym})
		if err == nil && v.sealer != nil { // the record names the person, under a key that was made for it just now
			_, err = v.store.Shred(ctx, who)
		}
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	v.store.Committed(ctx, func() { r.subjects.shred(who) })
	now := time.Now()
	return Receipt{Keys: n, At: now, Pseudonym: pseudonym, Everywhere: now.Add(v.freshFor), Residue: v.store.Residue()}, nil
}

// who is the pseudonym of who is to be shredded.
func (s *Shredding) who(ctx context.Context, r *ring) (p Pseudonym, err error) {
	if s.Pseudonym == "" {
		ref := Ref{Purpose: "-", ID: "-", Subject: s.Subject}
		if err := ref.check(); err != nil || s.Subject == "" {
			return p, fmt.Errorf("%w: nobody is named", ErrRef)
		}
		return r.pseudonym(ctx, s.Subject)
	}
	b, err := hex.DecodeString(s.Pseudonym)
	if err != nil || len(b) != len(p) || s.Subject != "" {
		return p, fmt.Errorf("%w: a pseudonym is 32 hexadecimal digits, in the place of the subject", ErrRef)
	}
	copy(p[:], b)
	return p, nil
}

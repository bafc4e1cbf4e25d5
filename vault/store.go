package vault

import (
	"context"
	"encoding/hex"
	"errors"
	"time"
)

// Errors of a [Store].
var (
	ErrNotFound = errors.New("vault: there is no such thing")
	ErrConflict = errors.New("vault: somebody else changed it meanwhile")
	// ErrUnavailable: the store cannot be reached, so that nothing is sealed or opened.
	ErrUnavailable = errors.New("vault: the store is not available")
	// ErrSchema: the store's tables are not those of this release.
	ErrSchema = errors.New("vault: the store has another schema")
)

// KeyID names a key: the first 16 bytes of a hash of it. It is no secret.
type KeyID [keyIDLen]byte

// String is hexadecimal.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// Pseudonym is a person as the store knows them: HMAC-SHA256 under a key of the tenant, cut to 16 bytes.
type Pseudonym [16]byte

// State is what a key is still good for.
type State uint8

const (
	Active   State = iota // seals and opens
	Retired               // opens what was sealed before
	Shredded              // nothing: only its name is left
)

// Level is a key's place in the tree.
type Level uint8

const (
	OfTenant  Level = iota // wraps those below, under a root
	OfPurpose              // seals what is about nobody, and wraps those of persons
	OfSubject              // seals what is about a person
)

// WrappedKey is a key as the store keeps it.
type WrappedKey struct {
	ID      KeyID
	Level   Level
	Purpose string    // "" at OfTenant
	Subject Pseudonym // zero unless OfSubject
	Parent  KeyID     // under which Wrapped is sealed: of a tenant's key a root
	Wrapped []byte    // nil once shredded
	Commit  [32]byte  // a hash of the key: what comes out of Wrapped must have it
	State   State
	Created time.Time // by the store's clock
	Seq     int64     // the store's number of it, from 1, in the order in which the tenant's keys came
}

// Root is a root key as the store keeps it. It belongs to no tenant.
type Root struct {
	ID      KeyID
	Wrapped []byte // what the keeper made of it
	Commit  [32]byte
	State   State
	Created time.Time
}

// Store keeps wrapped keys and sealed secrets. Package vaultsql has one over SQLite and Postgres, and [NewMemory] is one
// for tests. Every call but those on roots works on what is ctx's tenant's, joins the transaction that ctx carries, and
// fails closed: without a tenant, or with a ctx that has ended, it does nothing. An answer such as ErrConflict does not undo
// that transaction. Times are kept to the microsecond. Implementations are safe for concurrent use by many processes.
//
// What Shred, DestroyKey, PutSecret and RemoveSecret take away, no file of an embedded database of the tenant holds when they have
// returned, and their transaction has committed; nor what Rewrap and ResealSecrets replace, once nothing is under from any
// more. While somebody reads what was there, it goes when they have ended.
type Store interface {
	// Roots returns all roots, oldest first, and what the clock says that they were Created by.
	Roots(ctx context.Context) ([]Root, time.Time, error)
	// AddRoot adds an active root, and retires the one that was, in one step. It is ErrConflict, and changes nothing,
	// unless after is the active one; zero: there is none.
	AddRoot(ctx context.Context, r Root, after KeyID) error
	// DestroyRoot takes Wrapped away from a retired root. It is ErrConflict for an active one, and ErrNotFound if there is
	// none of that name. It does not look whether tenants' keys are under it.
	DestroyRoot(ctx context.Context, id KeyID) error

	// Now is the store's clock, by which the times of the tenant's keys and secrets are.
	Now(ctx context.Context) (time.Time, error)
	// Tx runs f in one transaction: what f does in the store with the ctx it is given is in force together or not at
	// all. It joins the one that ctx carries.
	Tx(ctx context.Context, f func(ctx context.Context) error) error
	// InTx reports whether ctx carries a transaction that calls would join.
	InTx(ctx context.Context) bool
	// Committed calls f after the transaction that ctx carries has committed, and never if it has not; without
	// one at once.
	Committed(ctx context.Context, f func())

	// Keys returns the tenant's keys OfTenant and OfPurpose that are not shredded, oldest first, and the epoch, all as of one
	// moment.
	Keys(ctx context.Context) ([]WrappedKey, int64, error)
	// Epoch grows with every AddKey that retires a key, and with every Shred and DestroyKey. It is 0 before.
	Epoch(ctx context.Context) (int64, error)
	// KeysByID returns those of ids that are there, whatever their state, in no order.
	KeysByID(ctx context.Context, ids []KeyID) ([]WrappedKey, error)
	// SubjectKeys returns the active keys of purpose of those of who that have one, in no order.
	SubjectKeys(ctx context.Context, purpose string, who []Pseudonym) ([]WrappedKey, error)
	// AddKey adds k, which is active, unless there is an active key of its level, purpose and subject whose ID is not
	// after: then that one is returned, and k is not stored. Else the one whose ID is after is retired in the same step. It
	// is ErrConflict, and changes nothing, if k's Parent is not an active key of the tenant's at that moment, or another key
	// has k's ID; the parent of one OfTenant is a root, and is not looked at.
	AddKey(ctx context.Context, k WrappedKey, after KeyID) (WrappedKey, error)
	// Shred takes Wrapped away from all keys of the person, of every purpose, and returns how many that were. A shredded
	// key stays listed by KeysByID, and nothing gives it Wrapped again.
	Shred(ctx context.Context, who Pseudonym) (int, error)
	// Under returns up to limit keys that are not shredded and are wrapped under parent, in order of Seq after that one; and
	// CountUnder how many there are in all, with the secrets under it.
	Under(ctx context.Context, parent KeyID, after int64, limit int) ([]WrappedKey, error)
	CountUnder(ctx context.Context, parent KeyID) (int, error)
	// Rewrap puts Parent and Wrapped of rows in the place of those of the keys with their ID and Seq, if their parent is still
	// from and they are not shredded, and returns how many that were. It is ErrConflict, and changes nothing, unless the
	// new Parent of all that are not OfTenant is an active key at that moment: see AddKey.
	Rewrap(ctx context.Context, rows []WrappedKey, from KeyID) (int, error)
	// DestroyKey makes a retired key Shredded. It is ErrConflict for an active one, and while a key or a secret is under it;
	// and ErrNotFound if there is none of that name.
	DestroyKey(ctx context.Context, id KeyID) error
	// Residue names where copies of what was shredded may be that the store does not reach.
	Residue() []string

	// Secret returns the newest version, or ErrNotFound.
	Secret(ctx context.Context, purpose, id string) (StoredSecret, error)
	// PutSecret stores s as the next version after s.Version - 1, and destroys that one. It is ErrConflict, and changes
	// nothing, if another version is the newest; 0: none; or if s.Key is not an active key of the tenant's at that moment.
	// Created and Used stay those that were.
	PutSecret(ctx context.Context, s StoredSecret) error
	// CloseSecret sets Closing of a secret, or is ErrNotFound.
	CloseSecret(ctx context.Context, purpose, id string) error
	// RemoveSecret destroys a secret. It is ErrNotFound if there is none.
	RemoveSecret(ctx context.Context, purpose, id string) error
	// Secrets calls f for the tenant's secrets, without Sealed, in order of purpose and id after those two, until f
	// fails; purpose "" and id "": from the first.
	Secrets(ctx context.Context, purpose, id string, f func(StoredSecret) error) error
	// SecretsUnder returns up to limit secrets that are sealed under key, with Sealed, in order of purpose and id after those two.
	SecretsUnder(ctx context.Context, key KeyID, purpose, id string, limit int) ([]StoredSecret, error)
	// ResealSecrets puts Key and Sealed of rows in the place of those of the secrets with their purpose, id and version, if
	// their key is still from, which is retired, and returns how many that were. It is ErrConflict, and changes nothing, unless the new Key
	// of all is an active one of from's level, purpose and person at that moment. Nothing else of a secret changes.
	ResealSecrets(ctx context.Context, rows []StoredSecret, from KeyID) (int, error)
	// Used notes that a secret was used now, if what is noted is more than a minute old. It is ErrNotFound if there is none.
	Used(ctx context.Context, purpose, id string) error
	// Lease makes the caller the only one who may renew a secret until the store's clock says now + d, and reports
	// whether it is. by tells callers apart; who has the lease may prolong it. Release ends it, if it is by's. PutSecret
	// leaves it as it is. Both are ErrNotFound if there is no such secret.
	Lease(ctx context.Context, purpose, id, by string, d time.Duration) (bool, error)
	Release(ctx context.Context, purpose, id, by string) error
}

// StoredSecret is a credential as the store keeps it.
type StoredSecret struct {
	Purpose, ID string
	Version     int64     // from 1
	Subject     Pseudonym // whose it is; zero: nobody's
	Key         KeyID     // Sealed is sealed under
	Sealed      []byte
	Fingerprint [8]byte
	Closing     bool // it is being disconnected: nothing but that uses it any more
	RotateEvery time.Duration
	Expires     time.Time // zero: never
	Created     time.Time // of version 1, by the store's clock, as are Replaced and Used
	Replaced    time.Time // when this version was stored
	Used        time.Time // to the minute; zero: never
	Stale       bool      // by the store's clock Used is more than a minute ago; PutSecret does not look at it
}

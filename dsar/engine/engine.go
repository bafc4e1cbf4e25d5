package engine

import (
	"context"
	"errors"
	"fmt"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/dsar/export"
	"github.com/bailiwick-dev/bailiwick/dsar/proof"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/tombstone"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Options are those of [dsar.New] and what its parts need.
type Options struct {
	// Options are the service's. Resolve, Exporter, Eraser, Prover, Tombstones and Receipt are filled in where they are nil.
	dsar.Options
	// Signer signs exports and receipts. Publish its public key.
	Signer note.Signer
	// Recipients returns who can read an export: the person's age recipient, or one of archive.Passphrase.
	Recipients func(context.Context, dsar.Person) ([]age.Recipient, error)
	Info       archive.Info // what exports tell beside what the map says: rights, authority
	// Shred destroys the keys of a person, if the map has columns with dsar.Shred: of a package vault, Vault.Shred.
	Shred func(ctx context.Context, p dsar.Person) error
	// Stones is the log of who was erased, outside of what is backed up with the database, and StoneKeys what it is sealed with, the
	// newest first.
	Stones    tombstone.Log
	StoneKeys tombstone.Keys
	Proof     proof.Options // where else it is looked, and how long backups live
}

// Engine is a [dsar.Service] over a database, and the parts that are of use beside it. It is safe for concurrent use.
type Engine struct {
	*dsar.Service
	Rows     *rows.Rows
	Exporter *export.Exporter // nil if another exporter was given
	Eraser   *erase.Eraser    // nil if another eraser was given
	Prover   dsar.Prover
	Guard    *tombstone.Guard // nil if tombstones were given
}

// New returns the engine of a map over db. What is not given and cannot be made is refused, as by [dsar.New].
func New(db *tenantdb.DB, m *dsar.Map, o Options) (*Engine, error) {
	if db == nil || m == nil {
		return nil, errors.New("engine: no database, or no map")
	}
	if o.Signer == nil && (o.Exporter == nil || o.Receipt == nil) {
		return nil, errors.New("engine: no signer")
	}
	c, err := m.Compile()
	if err != nil {
		return nil, err
	}
	store, err := dsarsql.New(db)
	if err != nil {
		return nil, err
	}
	e := &Engine{Prover: o.Prover}
	if e.Rows, err = rows.New(c, db.Dialect()); err != nil {
		return nil, err
	}
	if o.Resolve == nil {
		o.Resolve = func(ctx context.Context, p dsar.Person) (dsar.Person, error) {
			s, err := e.Rows.Resolve(ctx, db, p)
			if err != nil {
				return dsar.Person{}, err
			}
			return s.Person(), nil
		}
	}
	if o.Exporter == nil {
		if e.Exporter, err = export.New(db, c, export.Options{Signer: o.Signer, Recipients: o.Recipients, Info: o.Info}); err != nil {
			return nil, err
		}
		o.Exporter = e.Exporter
	}
	if o.Eraser == nil {
		journal, err := dsarsql.NewJournal(db)
		if err != nil {
			return nil, err
		}
		if e.Eraser, err = erase.New(db, c, journal, erase.Options{Held: dsar.Held(store, c, o.Key), Shred: o.Shred}); err != nil {
			return nil, err
		}
		o.Eraser = e.Eraser
	}
	if o.Prover == nil {
		if e.Prover, err = proof.New(db, c, o.Proof); err != nil {
			return nil, err
		}
		o.Prover = e.Prover
	}
	if o.Tombstones == nil {
		if o.Stones == nil || len(o.StoneKeys) == 0 {
			return nil, errors.New("engine: no log of tombstones, or no key for it")
		}
		mark, err := dsarsql.NewMark(db)
		if err != nil {
			return nil, err
		}
		e.Guard = &tombstone.Guard{Log: o.Stones, Mark: mark, People: tombstone.People(db, c, nil), Keys: o.StoneKeys, Eraser: o.Eraser,
			Prover: o.Prover, Map: c.Hash()}
		o.Tombstones = stones{e.Guard}
	}
	if o.Receipt == nil {
		o.Receipt = signed{o.Signer}.receipt
	}
	if e.Service, err = dsar.New(store, m, o.Options); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	return e, nil
}

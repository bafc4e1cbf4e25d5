package consentsql

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// A state is kept as this many bytes, whatever it says: so it is written over where it is.
const stateSize = 1 + 16 + 16 + 8 + 2 + 2 + 2 + 1 + 8 + 8 + 16*8

const stateForm = 1 // the first byte; 0 is a state that was forgotten

// noTime stands for the zero time, which has no microseconds since 1970 that others have not.
const noTime = math.MinInt64

func stateOf(s *consent.State) []byte {
	be := binary.BigEndian
	b := make([]byte, 0, stateSize)
	b = append(append(append(b, stateForm), s.Subject[:]...), s.Secret[:]...)
	b = be.AppendUint64(b, s.Seq)
	b = be.AppendUint16(be.AppendUint16(be.AppendUint16(b, uint16(s.Granted)), uint16(s.Denied)), s.Policy)
	b = append(b, byte(bit(s.OptOut)))
	for _, t := range [...]time.Time{s.At, s.Expires} {
		us := int64(noTime)
		if !t.IsZero() {
			us = t.UnixMicro()
		}
		b = be.AppendUint64(b, uint64(us))
	}
	for _, n := range s.No {
		b = be.AppendUint64(b, uint64(n))
	}
	return b
}

func parseState(s *consent.State, who, b []byte) error {
	if len(who) != len(s.Who) || len(b) != stateSize || b[0] != stateForm || b[47] > 1 {
		return errRow
	}
	be := binary.BigEndian
	copy(s.Who[:], who)
	copy(s.Subject[:], b[1:])
	copy(s.Secret[:], b[17:])
	s.Seq = be.Uint64(b[33:])
	s.Granted, s.Denied, s.Policy = consent.Set(be.Uint16(b[41:])), consent.Set(be.Uint16(b[43:])), be.Uint16(b[45:])
	s.OptOut = b[47] == 1
	for i, t := range [...]*time.Time{&s.At, &s.Expires} {
		if us := int64(be.Uint64(b[48+8*i:])); us != noTime {
			*t = micro(us)
		}
	}
	for i := range s.No {
		s.No[i] = int64(be.Uint64(b[64+8*i:]))
	}
	return nil
}

// State implements [consent.Store].
func (s *Store) State(ctx context.Context, who consent.Who) (out consent.State, err error) {
	var data []byte
	err = s.t.Look(ctx, `SELECT data FROM consent_state WHERE who = ?`, []any{who[:]}, []any{&data})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return consent.State{}, nil
	case err != nil:
		return consent.State{}, err
	}
	if err := parseState(&out, who[:], data); err != nil {
		return consent.State{}, err
	}
	return out, nil
}

// States implements [consent.Store].
func (s *Store) States(ctx context.Context, whos []consent.Who) ([]consent.State, error) {
	if len(whos) == 0 {
		return nil, s.t.Read(ctx, func(context.Context, *sqlx.Tx) error { return nil })
	}
	found := make(map[consent.Who]consent.State, len(whos))
	err := s.eachOf(ctx, &stateTexts, keysOf(whos, func(w *consent.Who) []byte { return w[:] }), func() { clear(found) }, func(scan func(...any) error) error {
		var who, data sql.RawBytes
		if err := scan(&who, &data); err != nil {
			return err
		}
		var x consent.State
		if err := parseState(&x, who, data); err != nil {
			return err
		}
		found[x.Who] = x
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]consent.State, len(whos))
	for i, w := range whos {
		out[i] = found[w]
	}
	return out, nil
}

var stateTexts = in(`SELECT who, data FROM consent_state WHERE who `)

// Forget implements [consent.Store]. On SQLite the row is written over where it is, and the log emptied after the commit. While somebody reads
// what was there it cannot be: package tenantdb/sqlite then does it when they have ended, or when the file is next opened. So an error of
// that is no news, and the commit is not taken back.
func (s *Store) Forget(ctx context.Context, who consent.Who) error {
	return s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if s.t.PG {
			_, err := tx.ExecContext(ctx, s.t.SQL(`DELETE FROM consent_state WHERE who = ?`), who[:])
			return err
		}
		var nobody consent.Who
		_, _ = rand.Read(nobody[:]) // never fails
		_, err := tx.ExecContext(ctx, s.t.SQL(`UPDATE consent_state SET who = ?, data = zeroblob(length(data)) WHERE who = ?`), nobody[:], who[:])
		if err != nil {
			return err
		}
		tenant, err := tenancy.From(ctx)
		if err != nil {
			return err
		}
		after := tenancy.Switch(context.WithoutCancel(ctx), tenant)
		s.t.DB.AfterCommit(ctx, func() { _ = s.t.DB.Expunge(after) })
		return nil
	})
}

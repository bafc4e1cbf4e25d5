package supportgrantsql

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// Session issues a token by which staff opens one session of SQL of their own under a grant: see [SessionSQL]. It can be used once, within a minute.
// directory is asked whether staff and all approvers still may; it is [supportgrant.ErrNotGranted] if not, or if there is no live grant.
// The log has an entry of kind Read with resource "sql" and no columns, which commits with the token: so there is no session without one. What is read in it, statement by
// statement, the log cannot tell: the server's can. Sessions are Postgres's only.
func (s *Store) Session(ctx context.Context, directory supportgrant.Directory, id supportgrant.GrantID, staff supportgrant.Person) (token string, err error) {
	if !s.t.PG {
		return "", fmt.Errorf("supportgrantsql: sessions of SQL are for Postgres only")
	}
	if directory == nil {
		return "", fmt.Errorf("supportgrantsql: no directory")
	}
	if s.InTx(ctx) { // a token that may be undone opens nothing
		return "", supportgrant.ErrInTransaction
	}
	var raw [32]byte
	_, _ = rand.Read(raw[:])
	token = base64.RawURLEncoding.EncodeToString(raw[:])
	digest := sha256.Sum256([]byte(token))
	err = s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		g, now, err := s.Grant(ctx, id) // locked: who ends it comes before, or after the session is there to be ended
		if err != nil {
			return supportgrant.ErrNotGranted
		}
		if g.State != supportgrant.Approved || g.Staff != staff || now.Before(g.Approved) || !now.Before(g.Expires) {
			return supportgrant.ErrNotGranted
		}
		if err := allowed(directory.StaffActive(ctx, staff)); err != nil {
			return err
		}
		proofs, err := s.Proofs(ctx, id)
		if err != nil {
			return err
		}
		for _, p := range proofs {
			if err := allowed(directory.CanApprove(ctx, p.Approver)); err != nil {
				return err
			}
		}
		scope, err := listOf(g.Scope)
		if err != nil {
			return err
		}
		if err := s.Append(ctx, supportgrant.Entry{ID: uuid.Must(uuid.NewV7()), Kind: supportgrant.KindRead, Grant: id, By: staff, Resource: "sql", Why: "a session of SQL"}); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, s.t.SQL(`INSERT INTO supportgrant.session (digest, grant_id, scope, care, issued, until, expires) VALUES (?, ?, ?, ?, ?, ?, ?)`),
			digest[:], id, scope, g.Care, now.UnixMicro(), now.UnixMicro()+60_000_000, g.Expires.UnixMicro())
		return err
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

func allowed(ok bool, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("%w: the directory: %w", supportgrant.ErrUnavailable, err)
	case !ok:
		return supportgrant.ErrNotGranted
	}
	return nil
}

package supportgrant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Notice tells the people of a tenant what happened. It may come twice, with the same Key, and late, but it comes: it was put into
// the store with what it tells.
type Notice struct {
	Key   string // unique in the tenant: who gets it can tell that it came before
	Kind  NoticeKind
	Grant Grant // as it stands now; texts in it are plain: escape them
	At    time.Time
	Day   string         // of a digest: the day in UTC, as 2026-01-31
	Reads map[string]int // of a digest: how many guarded reads of which resource
}

// Deliver gives ctx's tenant's notices that are due to send, which mails them or calls a webhook, and sweeps before: see
// [Service.Sweep]. It returns how many were sent. What send fails for comes again in a minute. Call it every minute or so, for each
// tenant and from as many processes as you like. In a transaction of the caller's it is [ErrInTransaction].
func (s *Service) Deliver(ctx context.Context, send func(ctx context.Context, n Notice) error) (sent int, err error) {
	if s.store.InTx(ctx) {
		return 0, ErrInTransaction
	}
	if _, err := s.Sweep(ctx); err != nil {
		return 0, err
	}
	var failed []error
	for {
		notes, err := s.store.Claim(ctx, 50, time.Minute)
		if err != nil {
			return sent, errors.Join(append(failed, err)...)
		}
		for i := range notes {
			n, err := s.notice(ctx, &notes[i])
			if err == nil {
				err = send(ctx, n)
			}
			if err == nil {
				err = s.store.Sent(ctx, n.Key)
			}
			if err != nil {
				failed = append(failed, fmt.Errorf("supportgrant: a notice of kind %s was not sent: %w", notes[i].Kind, err))
				continue
			}
			sent++
		}
		if len(notes) < 50 {
			return sent, errors.Join(failed...)
		}
	}
}

func (s *Service) notice(ctx context.Context, r *NoteRow) (Notice, error) {
	g, err := s.Grant(ctx, r.Grant)
	if err != nil {
		return Notice{}, err
	}
	n := Notice{Key: r.Key, Kind: r.Kind, Grant: g, At: r.At}
	if r.Kind != NoticeDigest {
		return n, nil
	}
	from := r.At.UTC().Truncate(24 * time.Hour)
	n.Day, n.Reads = from.Format(time.DateOnly), map[string]int{}
	before := Place{At: from.Add(24 * time.Hour)}
	for {
		entries, err := s.store.Log(ctx, Look{Grant: r.Grant, Kinds: []Kind{KindRead}}, before, 500)
		if err != nil {
			return Notice{}, err
		}
		for _, e := range entries {
			if e.At.Before(from) {
				return n, nil
			}
			n.Reads[e.Resource]++
			before = Place{e.At, e.ID}
		}
		if len(entries) < 500 {
			return n, nil
		}
	}
}

// post puts a note into the outbox. of tells it from others of its kind and grant.
func (s *Service) post(ctx context.Context, kind NoticeKind, id uuid.UUID, of string, delay time.Duration) error {
	key := string(kind) + "/" + id.String()
	if of != "" {
		key += "/" + of
	}
	return s.store.Post(ctx, NoteRow{Key: key, Kind: kind, Grant: id, Delay: delay})
}

// postReads posts the notes of a read: that it was the first, and the digest of its day when that is over.
func (s *Service) postReads(ctx context.Context, id GrantID, now time.Time) error {
	if err := s.post(ctx, NoticeFirstRead, id, "", 0); err != nil {
		return err
	}
	day := now.UTC().Truncate(24 * time.Hour)
	left := day.Add(24*time.Hour).Sub(now).Truncate(time.Second) + time.Second
	return s.post(ctx, NoticeDigest, id, day.Format(time.DateOnly), left)
}

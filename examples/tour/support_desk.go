package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

const bySupport = "supportgrant.Service"

// What support can ever see of a tenant.
var seenBySupport = []supportgrant.Resource{
	{Name: "conversations", Category: supportgrant.Posts, Table: "conversation", Key: []string{"id"}, Columns: []string{"id", "subject", "status"}},
	{Name: "organisation", Category: supportgrant.Organization, Table: "organisation", Key: []string{"name"}, Columns: []string{"name", "plan"}},
}

type conversationSeen struct {
	ID      int64
	Subject string
}

// support is who helps neem, and how they read. The tests have worse ones.
type support struct {
	s      *supportgrant.Service
	people *people
	full   atomic.Bool // the audit log
	owners atomic.Int64

	over    func(registry []supportgrant.Resource) error // opens it over another registry
	approve func(ctx context.Context, id supportgrant.GrantID, by supportgrant.Person, code string) error
	show    func(ctx context.Context, a supportgrant.Access, f func(rows int) error) error
}

// people answers who is who: sam and dora are of the staff, dora is an owner too, and so is whoever is called owner.
type people struct {
	mu   sync.Mutex
	left map[supportgrant.Person]bool
}

func (p *people) StaffActive(_ context.Context, who supportgrant.Person) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return (who == "sam" || who == "dora" || who == "sue") && !p.left[who], nil
}

func (p *people) CanApprove(_ context.Context, who supportgrant.Person) (bool, error) {
	return who == "dora" || strings.HasPrefix(string(who), "owner "), nil
}

func (p *people) leave(who supportgrant.Person, left bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left[who] = left
}

// Record implements [audit.Recorder].
func (s *support) Record(context.Context, audit.Event) error {
	if s.full.Load() {
		return errors.New("the audit log is full")
	}
	return nil
}

// keepSupport opens what support reads by.
func (d *desk) keepSupport() error {
	store, err := supportgrantsql.New(d.db)
	if err != nil {
		return err
	}
	codes, err := supportgrantsql.NewTOTP(d.db)
	if err != nil {
		return err
	}
	s := &support{people: &people{left: map[supportgrant.Person]bool{}}}
	apps, err := totp.New(codes, s.secretOf)
	if err != nil {
		return err
	}
	s.over = func(registry []supportgrant.Resource) error {
		other, err := supportgrant.New(store, s.people, supportgrant.Options{Registry: registry, MFA: []supportgrant.MFA{apps}, Recorder: s, Rate: 10_000})
		if err == nil {
			s.s = other
		}
		return err
	}
	if err := s.over(seenBySupport); err != nil {
		return err
	}
	s.approve = func(ctx context.Context, id supportgrant.GrantID, by supportgrant.Person, code string) error {
		shown, err := s.s.BeginApproval(ctx, id, by, "totp", 0)
		if err == nil {
			_, err = s.s.Approve(ctx, id, by, supportgrant.Answer{Digest: shown.Digest, Response: []byte(code)})
		}
		return err
	}
	s.show = func(ctx context.Context, a supportgrant.Access, f func(rows int) error) error {
		return supportgrant.Use(ctx, s.s, a, func(_ context.Context, page supportgrant.Page[conversationSeen]) error { return f(len(page.Rows)) })
	}
	d.support = s
	return nil
}

// secretOf is what is in an owner's authenticator app. A real application keeps it sealed.
func (s *support) secretOf(_ context.Context, who supportgrant.Person) (redact.Secret[[]byte], error) {
	sum := sha256.Sum256([]byte("app of " + who))
	return redact.NewSecret(sum[:20]), nil
}

// codeOf is what the app shows.
func (s *support) codeOf(who supportgrant.Person) string {
	sum := sha256.Sum256([]byte("app of " + who))
	mac := hmac.New(sha1.New, sum[:20])
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30)))
	out := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(out[out[19]&15:])&0x7fffffff%1_000_000)
}

// owner is one of neem's, who has not used their app yet.
func (s *support) owner() supportgrant.Person {
	return supportgrant.Person(fmt.Sprintf("owner %d", s.owners.Add(1)))
}

func (s *support) ask(ctx context.Context, staff supportgrant.Person, c supportgrant.Category) (supportgrant.Access, error) {
	g, err := s.s.Request(ctx, supportgrant.NewRequest{Staff: staff, Ticket: "T-4711", Reason: "Conversations are missing from the inbox", Scope: supportgrant.ScopeOf(c), Life: time.Hour})
	return supportgrant.Access{Grant: g.ID, Staff: staff, Resource: "conversations"}, err
}

// granted is a live grant of sam's.
func (s *support) granted(ctx context.Context) (supportgrant.Access, error) {
	a, err := s.ask(ctx, "sam", supportgrant.Posts)
	if err == nil {
		who := s.owner()
		err = s.approve(ctx, a.Grant, who, s.codeOf(who))
	}
	return a, err
}

// reads is how many rows a reads, and why it does not.
func (s *support) reads(ctx context.Context, a supportgrant.Access) (rows int, err error) {
	err = s.show(ctx, a, func(n int) error { rows = n; return nil })
	return rows, err
}

func neemsTrouble(ctx context.Context, d *desk) (string, error) {
	ctx = tenancy.With(ctx, neem)
	a, err := d.support.granted(ctx)
	if err != nil {
		return "", err
	}
	rows, err := d.support.reads(ctx, a)
	if err != nil || rows == 0 {
		return "", fmt.Errorf("a grant that was approved reads %d rows: %w", rows, err)
	}
	return fmt.Sprintf("sam, of support, asked neem for an hour, an owner said yes with a code, and sam read %d conversations", rows), nil
}

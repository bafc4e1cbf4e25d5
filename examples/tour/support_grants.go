package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

func readUngranted(ctx context.Context, d *desk) (outcome, error) {
	s, at := d.support, tenancy.With(ctx, neem)
	waits, err1 := s.ask(at, "sam", supportgrant.Posts)
	live, err2 := s.granted(at)
	other, err3 := s.ask(at, "sam", supportgrant.Analytics)
	who := s.owner()
	if err := errors.Join(err1, err2, err3, s.approve(at, other.Grant, who, s.codeOf(who))); err != nil {
		return outcome{}, err
	}
	sues := live
	sues.Staff = "sue"
	var came strings.Builder
	for _, try := range []struct {
		what string
		ctx  context.Context
		a    supportgrant.Access
	}{{"a request that waits", at, waits}, {"sam's grant, read by sue", at, sues}, {"neem's grant, at birch", tenancy.With(ctx, birch), live}, {"a grant for analytics", at, other}} {
		rows, err := s.reads(try.ctx, try.a)
		if rows > 0 || !errors.Is(err, supportgrant.ErrNotGranted) {
			return outcome{}, fmt.Errorf("%s: %d rows: %w", try.what, rows, err)
		}
		fmt.Fprintf(&came, "%s: %v\n", try.what, err)
	}
	return outcome{came.String(), bySupport}, nil
}

func approveItself(ctx context.Context, d *desk) (outcome, error) {
	s := d.support
	ctx = tenancy.With(ctx, neem)
	a, err := s.ask(ctx, "sam", supportgrant.Posts)
	if err != nil {
		return outcome{}, err
	}
	for _, who := range []supportgrant.Person{"sam", "dora"} {
		if err = s.approve(ctx, a.Grant, who, s.codeOf(who)); !errors.Is(err, supportgrant.ErrSelfApproval) {
			return outcome{}, fmt.Errorf("%s approved it: %w", who, err)
		}
	}
	return outcome{"sam, and dora: " + err.Error(), bySupport}, nil
}

func useCodeAgain(ctx context.Context, d *desk) (outcome, error) {
	s := d.support
	ctx = tenancy.With(ctx, neem)
	one, err1 := s.ask(ctx, "sam", supportgrant.Posts)
	two, err2 := s.ask(ctx, "sam", supportgrant.Posts)
	who := s.owner()
	code := s.codeOf(who)
	if err := errors.Join(err1, err2, s.approve(ctx, one.Grant, who, code)); err != nil {
		return outcome{}, err
	}
	return refused("mfa/totp", s.approve(ctx, two.Grant, who, code), supportgrant.ErrMFA, supportgrant.ErrTooMany)
}

func approveByHand(ctx context.Context, d *desk) (outcome, error) {
	s, at := d.support, tenancy.With(ctx, neem)
	waits, err1 := s.ask(at, "sam", supportgrant.Posts)
	live, err2 := s.granted(at)
	if err := errors.Join(err1, err2); err != nil {
		return outcome{}, err
	}
	var came strings.Builder
	for _, try := range []struct {
		statement string
		id        supportgrant.GrantID
	}{
		{`UPDATE supportgrant_grant SET state = 'approved', version = version + 1, life = asked, approved = requested, expires = requested + asked * 1000000 WHERE id = ?`, waits.Grant},
		{`UPDATE supportgrant_grant SET expires = expires + 1, version = version + 1 WHERE id = ?`, live.Grant},
		{`UPDATE supportgrant_grant SET scope = '["account","posts"]', version = version + 1 WHERE id = ?`, live.Grant},
	} {
		rows, err := d.exec(ctx, neem, try.statement, try.id)
		if err == nil {
			return outcome{}, fmt.Errorf("%s: %d rows", try.statement, rows)
		}
		fmt.Fprintln(&came, err)
	}
	return outcome{came.String(), "the database"}, nil
}

func readMore(ctx context.Context, d *desk) (outcome, error) {
	s := d.support
	ctx = tenancy.With(ctx, neem)
	a, err := s.granted(ctx)
	if err != nil {
		return outcome{}, err
	}
	invalid := func(what string, err error) error {
		if _, ok := errors.AsType[*supportgrant.InvalidError](err); !ok {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	}
	var came strings.Builder
	_, err = supportgrant.Read[struct{ MemberID int64 }](ctx, s.s, a)
	if bad := invalid("a column that is not listed", err); bad != nil {
		return outcome{}, bad
	}
	fmt.Fprintln(&came, err)
	a.Match = []supportgrant.Condition{supportgrant.Is("customer_id", 1)}
	_, err = supportgrant.Read[conversationSeen](ctx, s.s, a)
	if bad := invalid("a condition on a column that is not listed", err); bad != nil {
		return outcome{}, bad
	}
	fmt.Fprintln(&came, err)
	secrets := supportgrant.Resource{Name: "connections", Category: supportgrant.Account, Table: "api_connection", Key: []string{"id"}, Columns: []string{"id", "secret_hash"}}
	if err = s.over(append(seenBySupport, secrets)); err == nil {
		return outcome{}, errors.New("secrets are in the registry")
	}
	fmt.Fprintln(&came, err)
	return outcome{came.String(), bySupport}, nil
}

package main

import (
	"context"
	"errors"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/webauthn"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
)

// A category of the desk's own, beside those that every application has.
var catalogueData = supportgrant.Define("catalogue")

// seenBySupport is all that support can ever see of an organisation: columns by name. What is added to a table is not among them.
var seenBySupport = []supportgrant.Resource{
	{Name: "conversations", Category: supportgrant.Posts, Table: "conversation", Key: []string{"id"}, Columns: []string{"id", "subject", "status"}},
	{Name: "organisation", Category: supportgrant.Organization, Table: "organisation", Key: []string{"id"}, Columns: []string{"id", "name", "plan"}},
	{Name: "people", Category: supportgrant.Account, Table: "person", Key: []string{"id"}, Columns: []string{"id", "name", "email"}},
	{Name: "products", Category: catalogueData, Table: "product", Key: []string{"id"}, Columns: []string{"id", "name", "about"}},
}

// whoIsWho answers from what is so now who is of the staff, and who may speak for an organisation.
type whoIsWho struct{ d *desk }

// StaffActive implements [supportgrant.Directory].
func (w whoIsWho) StaffActive(ctx context.Context, who supportgrant.Person) (bool, error) {
	// The staff are members of the operator's tenant. ctx is the organisation's, and may carry a transaction of it.
	apart, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	p, err := w.d.staff.MemberFresh(tenancy.With(apart, operator), rbac.User(string(who)))
	return p.Can(helpCustomers), unlessDenied(err)
}

// CanApprove implements [supportgrant.Directory].
func (w whoIsWho) CanApprove(ctx context.Context, who supportgrant.Person) (bool, error) {
	p, err := w.d.team.MemberFresh(ctx, rbac.User(string(who)))
	return p.Can(approveSupport), unlessDenied(err)
}

// unlessDenied is nil for an answer that is no.
func unlessDenied(err error) error {
	if errors.Is(err, rbac.ErrDenied) {
		return nil
	}
	return err
}

// openSupport opens what support asks and reads by, with two kinds of second factors.
func (d *desk) openSupport() error {
	store, err1 := supportgrantsql.New(d.db)
	used, err2 := supportgrantsql.NewTOTP(d.db)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	var err error
	if d.codes, err = totp.New(used, d.codeSecret); err != nil {
		return err
	}
	if d.passkeys, err = newPasskeys(d); err != nil {
		return err
	}
	keys, err := webauthn.New(d.passkeys, webauthn.Config{RPID: d.host, Origins: []string{d.base()}, UserHandle: handleOf})
	if err != nil {
		return err
	}
	d.support, err = supportgrant.New(store, whoIsWho{d}, supportgrant.Options{Registry: seenBySupport, MFA: []supportgrant.MFA{d.codes, keys}, Recorder: d.trail, Logger: d.log})
	return err
}

// codeRef is where the secret of a person's authenticator app is kept, sealed.
func codeRef(person string) vault.Ref {
	return vault.Ref{Purpose: "second-factors", ID: person, Subject: audit.SubjectOf("user", person)}
}

// codeSecret is what package totp compares codes by.
func (d *desk) codeSecret(ctx context.Context, who supportgrant.Person) (s redact.Secret[[]byte], err error) {
	err = d.vault.Use(ctx, codeRef(string(who)), func(text []byte) (err error) { s, err = totp.ParseSecret(string(text)); return err })
	if errors.Is(err, vault.ErrNotFound) {
		err = supportgrant.ErrMFA
	}
	return s, err
}

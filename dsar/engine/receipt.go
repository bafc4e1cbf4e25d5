package engine

import (
	"context"

	"golang.org/x/mod/sumdb/note"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/receipt"
)

// signed makes receipts of what the service accounts for.
type signed struct{ by note.Signer }

func (s signed) receipt(_ context.Context, a dsar.Account) ([]byte, error) {
	r := receipt.Of(string(a.Request.ID), a.Request.Subject, a.Erased, a.Proof)
	r.Tenant = a.Request.Tenant
	for _, t := range a.Outside {
		r.Processors = append(r.Processors, receipt.Processor{Name: t.Name, State: t.State, At: t.At})
	}
	var never []string // values that must not stand in it
	for _, values := range a.Person.Known {
		never = append(never, values...)
	}
	return r.Sign(s.by, never...)
}

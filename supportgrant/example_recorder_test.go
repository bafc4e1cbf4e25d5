package supportgrant_test

import (
	"context"
	"errors"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// failing is an audit log whose disk can be full.
type failing struct{ full bool }

func (f *failing) Record(context.Context, audit.Event) error {
	if f.full {
		return errors.New("the disk is full")
	}
	return nil
}

package egress

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// Policy says where data may go, and how much of it. It is a Go literal: who changes it leaves a trace in the repository.
type Policy struct {
	Sinks []Sink
	Once  Limit // of one export
	Day   Limit // of one person in any 24 hours
	// Alone is up to what nobody else is asked; from one more on, a second person approves. The zero Limit asks for one each time.
	Alone Limit
	// For is how long an ask, and then an approval, is good: 0 is 24 hours, at most 7 days.
	For time.Duration
}

// Sink is one place where data may go. Nothing goes anywhere else, because the [Guard] itself opens it.
type Sink struct {
	Name        string // "legal-archive"
	Type        string // "s3", "sftp", "file": what it is, in a word
	Destination string // "s3://acme-legal/exports": where it is, for people and for the approval
	Recipient   string // who can decrypt: an age recipient, or a name of the key. It is part of what is approved
	// Encrypt returns a writer that encrypts to Recipient what is written to it, into w. What was written must not decrypt to its end
	// unless that writer was closed: age's does not.
	Encrypt func(w io.Writer) (io.WriteCloser, error)
	// Open returns a writer to the destination, for the export with the id. If it has a method Abort() error, that is called in place
	// of Close when the export stops: it should leave nothing.
	Open func(ctx context.Context, id string) (io.WriteCloser, error)
}

const maxFor = 7 * 24 * time.Hour

// check returns a copy of p with its defaults.
func (p Policy) check() (Policy, error) {
	p.Sinks = slices.Clone(p.Sinks)
	if p.For == 0 {
		p.For = 24 * time.Hour
	}
	switch {
	case len(p.Sinks) == 0:
		return p, fmt.Errorf("%w: no sinks", ErrPolicy)
	case p.For < 0 || p.For > maxFor:
		return p, fmt.Errorf("%w: an approval is good for up to 7 days", ErrPolicy)
	case p.Once.Rows <= 0 || p.Once.Bytes <= 0 || p.Day.Rows <= 0 || p.Day.Bytes <= 0:
		return p, fmt.Errorf("%w: Once and Day need rows and bytes", ErrPolicy)
	case p.Alone.Rows < 0 || p.Alone.Bytes < 0:
		return p, fmt.Errorf("%w: Alone is less than nothing", ErrPolicy)
	}
	seen := map[string]bool{}
	for _, s := range p.Sinks {
		switch {
		case s.Name == "" || s.Type == "" || s.Destination == "" || s.Recipient == "":
			return p, fmt.Errorf("%w: a sink needs a name, a type, a destination and a recipient", ErrPolicy)
		case s.Encrypt == nil || s.Open == nil:
			return p, fmt.Errorf("%w: sink %q: nothing goes out that is not encrypted, or nowhere", ErrPolicy, s.Name)
		case seen[s.Name]:
			return p, fmt.Errorf("%w: sink %q is there twice", ErrPolicy, s.Name)
		}
		seen[s.Name] = true
	}
	return p, nil
}

func (p *Policy) sink(name string) (*Sink, error) {
	i := slices.IndexFunc(p.Sinks, func(s Sink) bool { return s.Name == name })
	if i < 0 {
		return nil, ErrSink
	}
	return &p.Sinks[i], nil
}

// over reports whether l is more than max in rows or in bytes.
func (l Limit) over(max Limit) bool { return l.Rows > max.Rows || l.Bytes > max.Bytes }

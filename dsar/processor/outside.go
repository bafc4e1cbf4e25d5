package processor

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// Outside returns the set's processors as erasures of package dsar tell them: for dsar.Options.Outside. Types are the types of identities, such
// as [Email], by the name of the map's identifier; that of the key of the person's row, such as [CustomerID], is under "". What is not in it is
// not told to anybody.
func (s *Set) Outside(types map[string]string) []dsar.Outside {
	types = maps.Clone(types)
	var out []dsar.Outside
	for _, p := range s.all {
		out = append(out, &outsider{s, p, types})
	}
	return out
}

// outsider is one processor of a set.
type outsider struct {
	set   *Set
	p     Processor
	types map[string]string
}

// Name implements [dsar.Outside].
func (o *outsider) Name() string { return o.p.Name() }

// Erase implements [dsar.Outside]: what the processor took before, it is asked about, without personal data.
func (o *outsider) Erase(ctx context.Context, t dsar.Telling) (dsar.Reply, error) {
	calls, err := o.set.store.Calls(ctx, t.Key)
	if err != nil {
		return dsar.Reply{}, err
	}
	var c Call
	if i := slices.IndexFunc(calls, func(c Call) bool { return c.Processor == o.p.Name() && c.Verb == Erase }); i >= 0 && calls[i].State == Accepted {
		c, err = o.set.check(ctx, o.p, calls[i])
	} else {
		c, err = o.set.tell(ctx, o.p, Job{Request: t.Key, Law: regulation(t.Request.Law), Submitted: t.Request.Received, Due: t.Request.Clock.Due.Until, Identities: o.identities(t.Person)}, Erase,
			func(ctx context.Context, j Job) (Outcome, error) { return o.p.Erase(ctx, j) })
	}
	if err != nil {
		return dsar.Reply{}, err
	}
	return dsar.Reply{State: dsar.Confirmation(c.State), Why: c.Why, Evidence: c.Evidence}, nil
}

func (o *outsider) identities(p dsar.Person) (out []Identity) {
	add := func(name, value string) {
		if typ := o.types[name]; typ != "" && value != "" {
			out = append(out, Identity{Type: typ, Value: redact.NewSecret(value)})
		}
	}
	if len(p.Key) == 1 {
		add("", p.Key[0])
	}
	for _, name := range slices.Sorted(maps.Keys(p.Known)) {
		for _, v := range p.Known[name] {
			add(name, v)
		}
	}
	return out
}

// regulation is a law of package deadline as OpenDSR has it; another one as it is.
func regulation(law string) string {
	switch {
	case strings.HasSuffix(law, "gdpr"):
		return "gdpr"
	case strings.HasPrefix(law, "us-ca"):
		return "ccpa"
	}
	return law
}

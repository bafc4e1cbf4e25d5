package export

import (
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/archive"
)

// rights are those that people are told of unless the options say others: Art. 15(1)(e) GDPR.
var rights = []string{
	"to have data corrected", "to have data erased", "to have its use limited", "to object to its use",
	"to get what you provided in a form that machines read", "to take back a consent",
}

// info is what a person of that kind is told: what the map says, beside what the options say.
func (e *Exporter) info(kind string) archive.Info {
	i := e.o.Info
	_, c := e.map_.Application()
	if i.Controller == "" {
		i.Controller = strings.Trim(c.Name+", "+c.Address, ", ")
	}
	if i.Contact == "" {
		i.Contact = c.Contact
	}
	if i.Officer == "" {
		i.Officer = c.Officer
	}
	if i.Representative == "" {
		i.Representative = c.Representative
	}
	if i.Rights == nil {
		i.Rights = rights
	}
	if i.Withheld == nil {
		i.Withheld = []string{"Passwords, keys and other secrets", "What is about other people (Art. 15(4))", "Of rows that are somebody else's, all but the link to you"}
	}
	if i.Purposes == nil {
		i.Purposes = e.purposes(kind)
	}
	return i
}

// purposes are the activities of the record of processing that have to do with people of the kind; "" for all.
func (e *Exporter) purposes(kind string) (out []archive.Purpose) {
	for _, a := range e.map_.Record().Activities {
		mine := kind == ""
		for _, s := range a.Subjects {
			mine = mine || s == kind
		}
		if !mine {
			continue
		}
		p := archive.Purpose{Name: a.Purpose.Name, Why: a.Purpose.Why, Basis: string(a.Purpose.Basis), Transfers: a.Transfers, Kept: a.Limits}
		for _, c := range a.Classes {
			p.Data = append(p.Data, strings.ReplaceAll(c.String(), "_", " "))
		}
		p.Recipients = append(append(p.Recipients, a.Purpose.Recipients...), a.Processors...)
		out = append(out, p)
	}
	return out
}

package receipt

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"golang.org/x/mod/sumdb/note"
)

// What is not signed, or does not open.
var (
	// ErrPersonal: one of the values that must not be in it is in it.
	ErrPersonal = errors.New("receipt: it would hold personal data")
	// ErrIncomplete: something that it must say is missing, or contradicts the rest.
	ErrIncomplete = errors.New("receipt: it is not complete")
	// ErrInvalid: it is not a receipt signed by one of the keys, or not of this kind, or not in canonical form.
	ErrInvalid = errors.New("receipt: not valid")
)

// Outcome is how an erasure ended.
type Outcome string

// The outcomes.
const (
	Erased  Outcome = "erased"
	Partly  Outcome = "partly erased" // something is kept, was found afterwards, or is not confirmed
	Refused Outcome = "refused"
)

// Receipt is what one person is given when their request ends. It holds no personal data. Times are whole seconds, UTC.
type Receipt struct {
	Request string     `json:"request"` // its id
	Tenant  tenancy.ID `json:"tenant"`
	Kind    string     `json:"kind,omitempty"` // of the subject: "user"
	Outcome Outcome    `json:"outcome"`        // Sign sets it
	Begun   time.Time  `json:"begun,omitzero"`
	Ended   time.Time  `json:"ended"` // by the database's clock
	Refusal *Refusal   `json:"refusal,omitempty"`
	Map     string     `json:"map,omitempty"`   // hash of the map of data that was worked by
	Plan    string     `json:"plan,omitempty"`  // hash of what was approved
	Proof   string     `json:"proof,omitempty"` // Digest of what was found afterwards
	Rows    []Rows     `json:"rows"`
	// Others says that the person was cut out of rows of other people, or left them rows that they own too.
	Others     bool        `json:"others_rows,omitempty"`
	Left       int         `json:"left,omitempty"` // places where the proof found something that is not kept for a reason
	Looked     int64       `json:"looked,omitempty"`
	Processors []Processor `json:"processors"`
	Residual   []string    `json:"residual"` // what may still hold copies (logs of the database, backups), and until when
}

// Rows is what became of the person's own rows in one table.
type Rows struct {
	Table  string      `json:"table"`
	Action dsar.Action `json:"action"` // delete, mask or keep
	Rows   int64       `json:"rows"`
	Why    string      `json:"why,omitempty"`  // of keep: basis and law
	Until  time.Time   `json:"until,omitzero"` // of keep: when the last of them may go
}

// Refusal is why nothing, or not all, was done. It names a ground and a law, never what somebody wrote.
type Refusal struct {
	Ground dsar.Ground `json:"ground"`
	Law    string      `json:"law"` // "Art. 17(3)(b) GDPR"
}

// Processor is what somebody outside said.
type Processor struct {
	Name  string            `json:"name"`
	State dsar.Confirmation `json:"state"`
	At    time.Time         `json:"at,omitzero"` // when it was told, or confirmed
}

// sure reports whether nothing of the person is left there, as far as it says.
func (p Processor) sure() bool { return p.State == dsar.Confirmed || p.State == dsar.HadNothing }

// Of returns the receipt of an erasure and of the proof after it. The rest is the caller's: tenant, processors, and what
// backups may still hold.
func Of(request string, kind string, e *dsar.Erased, p *dsar.Proof) *Receipt {
	r := &Receipt{Request: request, Kind: kind, Begun: e.Begun, Ended: e.Done, Plan: e.Plan}
	for _, t := range e.Tables {
		switch {
		case t.Action == dsar.ActCut || t.Action == dsar.ActShare:
			r.Others = r.Others || t.Rows > 0
		case t.Rows > 0:
			rows := Rows{Table: t.Table, Action: t.Action, Rows: t.Rows, Why: t.Why}
			if t.Until != nil {
				rows.Until = *t.Until
			}
			r.Rows = append(r.Rows, rows)
		}
	}
	if p != nil {
		r.Map, r.Proof, r.Looked, r.Residual = p.Map, Digest(p), p.Rows, slices.Clone(p.Residual)
		for _, f := range p.Found {
			if !f.Kept {
				r.Left++
			}
		}
		if p.At.After(r.Ended) {
			r.Ended = p.At
		}
	}
	return r
}

// Digest is the SHA-256 of a proof, as "sha256:" and hex digits: whoever keeps the proof can show that it is the receipt's.
func Digest(p *dsar.Proof) string {
	c := *p
	c.At = second(c.At)
	b, err := json.Marshal(&c)
	if err != nil {
		panic(err) // numbers, texts and a time
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(b))
}

// Sign returns r as a signed note, and sets its Outcome. It is [ErrIncomplete] if r contradicts itself, and [ErrPersonal] if one
// of the values in never, of four bytes or more, is in it in whatever case.
func (r *Receipt) Sign(s note.Signer, never ...string) ([]byte, error) {
	r.settle()
	if err := r.check(); err != nil {
		return nil, err
	}
	return sign(receiptHeader, r, s, never)
}

// Open returns the receipt in a signed note. At least one of the keys must have signed it; otherwise it is [ErrInvalid].
func Open(signed []byte, keys ...note.Verifier) (*Receipt, error) {
	r := new(Receipt)
	if err := open(receiptHeader, signed, r, keys); err != nil {
		return nil, err
	}
	c := *r
	if c.settle(); c.Outcome != r.Outcome || c.check() != nil {
		return nil, fmt.Errorf("%w: it contradicts itself", ErrInvalid)
	}
	return r, nil
}

// settle puts r into its canonical form.
func (r *Receipt) settle() {
	r.Begun, r.Ended = second(r.Begun), second(r.Ended)
	for i := range r.Rows {
		r.Rows[i].Until = second(r.Rows[i].Until)
	}
	for i := range r.Processors {
		r.Processors[i].At = second(r.Processors[i].At)
	}
	slices.SortStableFunc(r.Rows, func(a, b Rows) int {
		return cmp.Or(strings.Compare(a.Table, b.Table), strings.Compare(string(a.Action), string(b.Action)))
	})
	slices.SortStableFunc(r.Processors, func(a, b Processor) int { return strings.Compare(a.Name, b.Name) })
	r.Rows, r.Processors, r.Residual = some(r.Rows), some(r.Processors), some(r.Residual)
	r.Outcome = Erased
	switch {
	case r.Refusal != nil && !slices.ContainsFunc(r.Rows, Rows.gone):
		r.Outcome = Refused
	case r.Refusal != nil || r.Left > 0 || slices.ContainsFunc(r.Rows, func(x Rows) bool { return x.Action == dsar.ActKeep }) ||
		slices.ContainsFunc(r.Processors, func(p Processor) bool { return !p.sure() }):
		r.Outcome = Partly
	}
}

func (r Rows) gone() bool { return r.Action != dsar.ActKeep }

func (r *Receipt) check() error {
	bad := func(what string) error { return fmt.Errorf("%w: %s", ErrIncomplete, what) }
	switch {
	case r.Request == "" || r.Tenant.IsZero() || r.Ended.IsZero():
		return bad("it needs a request, a tenant and when it ended")
	case r.Outcome != Refused && (!isDigest(r.Proof) || !isDigest(r.Plan) || !isDigest(r.Map)):
		return bad("an erasure has a map, a plan and a proof")
	case r.Refusal != nil && (!slices.Contains(dsar.Grounds(), r.Refusal.Ground) || r.Refusal.Law == ""):
		return bad("a refusal has one of the grounds and names a law")
	case r.Left < 0 || r.Looked < 0:
		return bad("a count is negative")
	}
	for _, x := range r.Rows {
		switch {
		case x.Action != dsar.ActDelete && x.Action != dsar.ActMask && x.Action != dsar.ActKeep:
			return bad("what was done to other people's rows is not for a receipt")
		case x.Table == "" || x.Rows <= 0:
			return bad("rows are of a table, and at least one")
		case x.Action == dsar.ActKeep && x.Why == "":
			return bad("rows are kept without a reason")
		}
	}
	for _, p := range r.Processors {
		if err := p.check(); err != nil {
			return err
		}
	}
	return nil
}

var states = []dsar.Confirmation{dsar.Unconfirmed, dsar.Accepted, dsar.Declined, dsar.HadNothing, dsar.Confirmed}

func (p Processor) check() error {
	if p.Name == "" || !slices.Contains(states, p.State) || p.sure() && p.At.IsZero() {
		return fmt.Errorf("%w: a processor has a name and a state, and confirmed at some time", ErrIncomplete)
	}
	return nil
}

func second(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

// some is s, written as [] if it is empty.
func some[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func isDigest(s string) bool {
	h, ok := strings.CutPrefix(s, "sha256:")
	b, err := hex.DecodeString(h)
	return ok && err == nil && len(b) == sha256.Size
}

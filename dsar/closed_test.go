package dsar_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/stretchr/testify/require"
)

// clean fails if a needle is in a text, in the ways in which values get into texts.
func clean(t testing.TB, where, text string) {
	t.Helper()
	small := strings.ToLower(text)
	for _, n := range dsartest.Needles() {
		for _, form := range []string{n, base64.StdEncoding.EncodeToString([]byte(n)), hex.EncodeToString([]byte(n))} {
			require.NotContains(t, small, strings.ToLower(form), where)
		}
	}
}

// rows is all that the store has, as text, with bytes as they are.
func (d *office) rows(t testing.TB) string {
	var b strings.Builder
	all, err := d.store.Requests(d.ctx, dsar.Find{})
	require.NoError(t, err)
	for _, r := range all {
		fmt.Fprintf(&b, "%+v %s\n", r, r.Sealed)
		events, err := d.store.Events(d.ctx, r.ID)
		require.NoError(t, err)
		steps, err := d.store.Steps(d.ctx, r.ID)
		require.NoError(t, err)
		fmt.Fprintf(&b, "%+v\n", events)
		for _, s := range steps {
			var bytes []byte
			_ = json.Unmarshal(s.Result, &bytes)
			fmt.Fprintf(&b, "%+v %s %s\n", s, s.Result, bytes)
		}
		restraints, err := d.store.Restraints(d.ctx, r.Ref)
		require.NoError(t, err)
		fmt.Fprintf(&b, "%+v\n", restraints)
	}
	holds, err := d.store.Holds(d.ctx, true)
	require.NoError(t, err)
	fmt.Fprintf(&b, "%+v\n", holds)
	return b.String()
}

func TestWhatIsClosedHoldsNoIdentifier(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	d := newOffice(t, func(o *dsar.Options) { o.Logger = slog.New(slog.NewJSONHandler(&logged, nil)) })
	// Whatever is called fails once, with a text about Jane.
	failed := map[string]bool{}
	d.app.Fault = func(call string) error {
		if !failed[call] && call != "seal" && !strings.HasPrefix(call, "record") {
			failed[call] = true
			return errors.New("no such user: jane.doe@example.test (Jane Doe)")
		}
		return nil
	}
	var errs []error
	_, err := d.Hold(d.ctx, dsar.Hold{ID: "h", Person: dsartest.Jane(), Table: "reading", Basis: "case 17", By: officer})
	require.NoError(t, err)
	for _, k := range dsar.Kinds() {
		if k == dsar.Erasure {
			continue
		}
		r := d.verified(t, k, func(in *dsar.Intake) {
			in.Changes = map[string]string{"name": "please-spell-me-Jayne"}
			in.By = audit.Party{Type: "user", ID: "jane.doe@example.test", Name: "Jane Doe", Person: true}
		})
		for d.now(t, r.ID).State != dsar.Closed {
			_, err := d.Step(d.ctx)
			errs = append(errs, err)
			d.pass(time.Hour)
		}
	}
	r := d.verified(t, dsar.Erasure, nil)
	clean(t, "an open request", d.rows(t))
	var plan *dsar.Plan
	for plan == nil {
		plan, _ = d.Plan(d.ctx, r.ID)
	}
	_, err = d.Approve(d.ctx, r.ID, plan.Hash, officer)
	require.NoError(t, err)
	require.Contains(t, logged.String(), "hide failed", "the log says which step did not go")
	for d.now(t, r.ID).State != dsar.Closed {
		_, err := d.Step(d.ctx)
		errs = append(errs, err)
		d.pass(time.Hour)
	}
	refused := d.receive(t, dsar.Access, nil)
	_, err = d.Refuse(d.ctx, refused.ID, dsar.Refusal{Ground: dsar.Unidentified, Text: "We do not know whether you are Jane Doe."}, officer)
	require.NoError(t, err)
	require.Equal(t, dsar.Refused, d.settle(t, refused.ID).Outcome)
	told := d.app.Told()
	require.Equal(t, "We do not know whether you are Jane Doe.", told[len(told)-1].Text)

	for _, call := range []string{"hide", "outside mail", "erase", "prove", "tombstone", "receipt", "shred", "tell ended", "outbox", "export", "open", "apply objection"} {
		require.True(t, failed[call], call)
	}
	clean(t, "the tables", d.rows(t))
	for _, err := range errs {
		if err != nil {
			clean(t, "an error", err.Error())
		}
	}
	clean(t, "the log", logged.String())
	signed, err := d.Receipt(d.ctx, r.ID)
	require.NoError(t, err)
	clean(t, "the receipt", string(signed))
	all, err := d.store.Requests(d.ctx, dsar.Find{})
	require.NoError(t, err)
	for _, r := range all {
		require.Equal(t, dsar.Closed, r.State)
		require.Nil(t, r.Sealed)
	}
}

func TestTheAuditLogKnowsPeopleByWhatStandsForThem(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	for _, k := range dsar.Kinds() {
		if k != dsar.Erasure {
			d.settle(t, d.verified(t, k, func(in *dsar.Intake) { in.By = audit.Party{Type: "user", ID: "42", Name: "Jane Doe", Person: true} }).ID)
		}
	}
	r := d.approved(t)
	d.settle(t, r.ID)
	all := d.app.Events()
	require.NotEmpty(t, all)
	for _, e := range all {
		for _, p := range append(e.Targets, e.Actor) {
			switch {
			case p.Type == "data_subject":
				require.True(t, p.Person, "it can be erased")
				require.Equal(t, r.Ref.String(), p.ID)
			case !p.Person:
				clean(t, e.Action.Name(), fmt.Sprint(p))
			}
		}
		for name, v := range e.Data {
			clean(t, e.Action.Name()+" "+name, fmt.Sprint(v))
		}
		clean(t, e.Action.Name(), e.Reason)
	}
}

func TestWhatHoldsAPersonPrintsNothingOfThem(t *testing.T) {
	t.Parallel()
	j := dsartest.Jane()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		clean(t, verb, fmt.Sprintf(verb, dsar.Telling{Key: "k", Person: j}))
		clean(t, verb, fmt.Sprintf(verb, dsar.Ask{Person: j, Text: "Jane Doe", Changes: map[string]string{"name": "Jane Doe"}}))
		clean(t, verb, fmt.Sprintf(verb, dsar.Notice{Person: j, Text: "Jane Doe"}))
		clean(t, verb, fmt.Sprintf(verb, dsar.Intake{Person: j, Text: "Jane Doe", Changes: map[string]string{"name": "Jane Doe"}}))
		clean(t, verb, fmt.Sprintf(verb, dsar.Evidence{Person: j, Token: redact.NewSecret("jane.doe")}))
		clean(t, verb, fmt.Sprintf(verb, dsar.Account{Person: j}))
		clean(t, verb, fmt.Sprintf(verb, dsar.Refusal{Ground: dsar.Claims, Text: "Jane Doe"}))
	}
}

package deadline_test

import (
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/stretchr/testify/require"
)

func rule() deadline.Rule {
	return deadline.Rule{ID: "x", Law: "x", Title: "X", Kinds: []deadline.Kind{deadline.Access}, Effective: date(2020, 1, 1), Source: "here", AsOf: date(2020, 1, 1),
		Answer: deadline.Term{Period: deadline.Period{N: 5, Unit: deadline.Days}, Cite: "s. 1"}}
}

func TestARuleThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	_, err := deadline.Compile(rule())
	require.NoError(t, err)
	for name, spoil := range map[string]func(*deadline.Rule){
		"no id":               func(r *deadline.Rule) { r.ID = "" },
		"no law":              func(r *deadline.Rule) { r.Law = "" },
		"no source":           func(r *deadline.Rule) { r.Source = "" },
		"no day of reading":   func(r *deadline.Rule) { r.AsOf = deadline.Date{} },
		"31 February":         func(r *deadline.Rule) { r.Effective = date(2020, 2, 31) },
		"ends before it is":   func(r *deadline.Rule) { r.Until = r.Effective },
		"no kinds":            func(r *deadline.Rule) { r.Kinds = nil },
		"unknown kind":        func(r *deadline.Rule) { r.Kinds = append(r.Kinds, 99) },
		"no cite":             func(r *deadline.Rule) { r.Answer.Cite = "" },
		"hours":               func(r *deadline.Rule) { r.Answer.Period.Unit = deadline.Hours },
		"no days":             func(r *deadline.Rule) { r.Answer.Period.N = -1 },
		"nothing said":        func(r *deadline.Rule) { r.Answer = deadline.Term{} },
		"a shorter extension": func(r *deadline.Rule) { r.Extended = r.Answer },
		"an extension in months": func(r *deadline.Rule) {
			r.Extended = deadline.Term{Period: deadline.Period{N: 9, Unit: deadline.Months}, Cite: "s. 2"}
		},
		"stops without a reason": func(r *deadline.Rule) { r.Identity = deadline.Stops },
		"unknown effect":         func(r *deadline.Rule) { r.Fee, r.Pauses = 9, "s. 3" },
	} {
		r := rule()
		spoil(&r)
		_, err := deadline.Compile(r)
		require.ErrorIs(t, err, deadline.ErrRule, name)
	}
	twice := rule()
	twice.ID = "y"
	_, err = deadline.Compile(rule(), twice)
	require.ErrorIs(t, err, deadline.ErrRule, "two rows for the same requests")
	_, err = deadline.Compile(rule(), rule())
	require.ErrorIs(t, err, deadline.ErrRule)
}

func TestTheRowOfTheDayOfReceiptHolds(t *testing.T) {
	t.Parallel()
	london := deadline.Calendar{Zone: zone(t, "Europe/London")}
	before := reckon(t, "gb-ukgdpr", deadline.Access, deadline.Facts{Received: time.Date(2026, 2, 4, 23, 59, 0, 0, time.UTC)}, london)
	after := reckon(t, "gb-ukgdpr", deadline.Access, deadline.Facts{Received: time.Date(2026, 2, 5, 0, 0, 0, 0, time.UTC)}, london)
	require.Equal(t, "gb-ukgdpr-2018", before.Rule.ID)
	require.Equal(t, "gb-ukgdpr-2026-access", after.Rule.ID)
}

// That there is no row is no figure of zero days, and no day without a duty.
func TestWhatNoRuleCoversIsAnError(t *testing.T) {
	t.Parallel()
	f := deadline.Facts{Received: noon(2026, 3, 2)}
	for law, k := range map[string]deadline.Kind{"eu-gdpr": deadline.OptOutSale, "ca-qc": deadline.Erasure, "atlantis": deadline.Access, "us-ut": deadline.Rectification, "us-ca": 0} {
		_, err := shipped(t).Clock(law, k, f, utc)
		require.ErrorIs(t, err, deadline.ErrNoRule, law)
	}
	_, err := shipped(t).Clock("us-va", deadline.Access, deadline.Facts{Received: noon(2022, 12, 31)}, utc)
	require.ErrorIs(t, err, deadline.ErrNoRule, "before the law")
	clock := reckon(t, "eu-gdpr", deadline.ConsentWithdrawal, f, utc)
	require.True(t, clock.Due.IsZero())
	require.NotEmpty(t, clock.Rule.Words)
	var none *deadline.Laws
	_, err = none.Clock("eu-gdpr", deadline.Access, f, utc)
	require.ErrorIs(t, err, deadline.ErrNoRule)
}

func TestEveryRowThatShipsSaysWhereItIsFrom(t *testing.T) {
	t.Parallel()
	for _, r := range deadline.Rules() {
		require.NotEmpty(t, r.Source, r.ID)
		require.Equal(t, date(2026, 11, 22), r.AsOf, r.ID)
	}
	for _, k := range deadline.Kinds() {
		require.NotEqual(t, "invalid", k.String())
	}
}

// Compiled laws are the user's own, and nobody else's changes reach them.
func TestLawsNeverChange(t *testing.T) {
	t.Parallel()
	rules := deadline.Rules()
	laws, err := deadline.Compile(rules...)
	require.NoError(t, err)
	for i := range rules {
		rules[i].Kinds[0] = deadline.KnowCategories
	}
	r, err := laws.Rule("au-agency", deadline.Access, date(2026, 1, 1))
	require.NoError(t, err)
	r.Kinds[0] = deadline.Erasure
	_, err = laws.Rule("au-agency", deadline.Access, date(2026, 1, 1))
	require.NoError(t, err)
}

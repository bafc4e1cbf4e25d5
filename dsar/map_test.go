package dsar_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// desk is a map with every kind of link: composite, polymorphic, to itself, inverse, by value, through JSON.
func desk() *dsar.Map {
	return &dsar.Map{
		Application: "Desk", Controller: dsar.Party{Name: "Desk Ltd", Contact: "privacy@desk.example", Officer: "D. Officer"},
		Tenant: "tenant_id",
		Subjects: []dsar.Subject{{Kind: "user", Table: "users", Identifiers: []dsar.Identifier{
			{Name: "email", Column: "email", Form: dsar.Email}}}},
		Purposes: []dsar.Purpose{
			{Name: "support", Why: "to answer people who ask for help", Basis: dsar.Contract},
			{Name: "billing", Why: "to be paid", Basis: dsar.LegalObligation, Recipients: []string{"tax authorities"}, Kept: "ten years"}},
		Processors: []dsar.Processor{{Party: dsar.Party{Name: "Mail Inc"}, Does: "sends e-mail", Purposes: []string{"support"},
			Classes: []redact.Class{redact.ClassEmail}, Country: "US", Transfer: "standard contractual clauses"}},
		Measures: []string{"row-level security"},
		Aside:    []dsar.Aside{{Name: "goose_db_version", Why: "the migration tool's"}},
		Tables: []dsar.Table{
			{Name: "users", Key: []string{"tenant_id", "id"}, Purpose: "support",
				Links: []dsar.Link{{Columns: []string{"tenant_id", "invited_by"}, To: "users", Role: dsar.Accessor, Then: dsar.Null}},
				Columns: []dsar.Column{
					{Name: "email text not null", Class: redact.ClassEmail, Erase: dsar.Pseudonym},
					{Name: "name text", Class: redact.ClassName, Erase: dsar.Null},
					{Name: "password_hash text", Class: redact.ClassPassword, Erase: dsar.Null}},
				Plain: []string{"tenant_id text not null", "id bigint not null", "invited_by bigint", "address_id bigint", "created_at timestamptz not null"},
				Erase: dsar.Mask},
			{Name: "address", Key: []string{"tenant_id", "id"}, Purpose: "billing",
				Links:   []dsar.Link{{Columns: []string{"tenant_id", "id"}, To: "users", ToColumns: []string{"tenant_id", "address_id"}, Inverse: true}},
				Columns: []dsar.Column{{Name: "street text", Class: redact.ClassAddress}},
				Plain:   []string{"tenant_id text not null", "id bigint not null"}},
			{Name: "ticket", Key: []string{"tenant_id", "id"}, Purpose: "support",
				Links: []dsar.Link{
					{Columns: []string{"tenant_id", "user_id"}, To: "users"},
					{Columns: []string{"tenant_id", "parent_id"}, To: "ticket", Role: dsar.Reference, Then: dsar.Null},
					{Columns: []string{"category"}, To: "category", Role: dsar.Reference}},
				Columns: []dsar.Column{
					{Name: "user_id bigint not null", Class: redact.ClassUserID},
					{Name: "subject text", Class: redact.ClassContent}},
				Plain:     []string{"tenant_id text not null", "id bigint not null", "parent_id bigint", "category text", "closed_at timestamptz"},
				Retention: &dsar.Retention{Category: "tickets", For: dsar.Period{Years: 3}, Since: "closed_at", Then: dsar.Delete}},
			{Name: "message", Key: []string{"id"}, Purpose: "support",
				Links: []dsar.Link{
					{Columns: []string{"tenant_id", "ticket_id"}, To: "ticket"},
					{Columns: []string{"meta"}, Path: "mentions[].id", To: "users", ToColumns: []string{"id"}, Role: dsar.Mentioned, Then: dsar.Pseudonym}},
				Columns: []dsar.Column{
					{Name: "body text", Class: redact.ClassContent},
					{Name: "meta jsonb", Class: redact.ClassContent, Inside: []dsar.Column{{Name: "from", Class: redact.ClassEmail, Erase: dsar.Null}}}},
				Plain: []string{"tenant_id text not null", "id bigint not null", "ticket_id bigint not null"}},
			{Name: "note", Key: []string{"id"}, Purpose: "support", Shared: dsar.RedactMine, Erase: dsar.Mask,
				Links: []dsar.Link{
					{Columns: []string{"owner_id"}, To: "users", ToColumns: []string{"id"}, When: []dsar.When{{Column: "owner_type", Value: "User"}}},
					{Columns: []string{"reader_id"}, To: "users", ToColumns: []string{"id"}, Role: dsar.CoOwner, Then: dsar.Null, Undeclared: true}},
				Columns: []dsar.Column{
					{Name: "owner_id bigint", Class: redact.ClassUserID, Erase: dsar.Null},
					{Name: "body text", Class: redact.ClassContent, Erase: dsar.Constant("removed")}},
				Plain: []string{"tenant_id text not null", "id bigint not null", "owner_type text", "reader_id bigint"}},
			{Name: "invoice", Key: []string{"tenant_id", "id"}, Purpose: "billing",
				Links: []dsar.Link{{Columns: []string{"tenant_id", "user_id"}, To: "users"}},
				Columns: []dsar.Column{{Name: "user_id bigint not null", Class: redact.ClassUserID},
					{Name: "billed_to text", Class: redact.ClassName}},
				Plain: []string{"tenant_id text not null", "id bigint not null", "at date not null"},
				Erase: dsar.Keep(dsar.Reason{Basis: dsar.LegalObligation, Law: "§ 147 AO", For: dsar.Period{Years: 10}, Since: "at"})},
			{Name: "invitation", Key: []string{"id"}, Purpose: "support",
				Links:   []dsar.Link{{Columns: []string{"email"}, Identifier: "email"}},
				Columns: []dsar.Column{{Name: "email text not null", Class: redact.ClassEmail}},
				Plain:   []string{"tenant_id text not null", "id bigint not null"}},
			{Name: "category", Key: []string{"name"}, Tenant: "-", NotPersonal: "what tickets can be about", Plain: []string{"name text not null"}},
			{Name: "ticket_stats", Derived: "counts of tickets, refreshed each night", Plain: []string{"n bigint"}},
		},
	}
}

func TestAMapOfEveryKindOfLinkCompiles(t *testing.T) {
	t.Parallel()
	c, err := desk().Compile()
	require.NoError(t, err)
	require.Empty(t, c.Undecided())
	require.Regexp(t, "^sha256:[0-9a-f]{64}$", c.Hash())

	for table, want := range map[string]dsar.Reach{
		"users": {Kind: "user"}, "ticket": {Kind: "user", Hops: 1}, "message": {Kind: "user", Hops: 2}, "invoice": {Kind: "user", Hops: 1},
		"address": {Kind: "user", Hops: 1}, "note": {Kind: "user", Hops: 1}, "invitation": {Kind: "user", Hops: 1},
	} {
		require.Equal(t, []dsar.Reach{want}, c.Reach(table), table)
	}
	require.Empty(t, c.Reach("category"))
	require.Nil(t, c.Reach("nothing"))
}

func TestRowsGoBeforeThoseTheyPointAt(t *testing.T) {
	t.Parallel()
	c, err := desk().Compile()
	require.NoError(t, err)
	wave := map[string]dsar.Step{}
	for _, s := range c.Steps() {
		wave[s.Table] = s
	}
	require.NotContains(t, wave, "category")
	require.NotContains(t, wave, "ticket_stats")
	require.Less(t, wave["message"].Wave, wave["ticket"].Wave)
	require.Less(t, wave["ticket"].Wave, wave["users"].Wave)
	require.Less(t, wave["invoice"].Wave, wave["users"].Wave)
	require.Less(t, wave["users"].Wave, wave["address"].Wave, "users point at addresses")
	require.True(t, wave["address"].Capture, "what leads to addresses has gone by then")
	require.False(t, wave["ticket"].Capture)
}

func TestCyclesAreCutWhereAColumnMayBeNull(t *testing.T) {
	t.Parallel()
	m := desk()
	// A ticket points at its last message, a message at its ticket.
	m.Tables[2].Plain = append(m.Tables[2].Plain, "last_message bigint")
	m.Tables[2].Links = append(m.Tables[2].Links, dsar.Link{Columns: []string{"last_message"}, To: "message", Role: dsar.Reference, Then: dsar.Null})
	c, err := m.Compile()
	require.NoError(t, err)
	for _, s := range c.Steps() {
		switch s.Table {
		case "ticket":
			require.Equal(t, []string{"last_message"}, s.Cut)
			require.Positive(t, s.Wave)
		default:
			require.Empty(t, s.Cut, s.Table)
			require.False(t, s.Deferred, s.Table)
		}
	}

	m.Tables[2].Plain[len(m.Tables[2].Plain)-1] = "last_message bigint not null"
	m.Tables[2].Links[len(m.Tables[2].Links)-1].Then = dsar.Pseudonym
	c, err = m.Compile()
	require.NoError(t, err)
	together := map[string]int{}
	for _, s := range c.Steps() {
		if s.Deferred {
			require.True(t, s.Capture)
			together[s.Table] = s.Wave
		}
	}
	require.Len(t, together, 2)
	require.Equal(t, together["ticket"], together["message"])
}

func TestAMapThatContradictsItselfDoesNotCompile(t *testing.T) {
	t.Parallel()
	for say, breakIt := range map[string]func(*dsar.Map){
		"it has no subjects":                                 func(m *dsar.Map) { m.Subjects = nil },
		"ticket: the table is there twice":                   func(m *dsar.Map) { m.Tables = append(m.Tables, m.Tables[2]) },
		"a table has no name":                                func(m *dsar.Map) { m.Tables[3].Name = "" },
		"users.name: the column is there twice":              func(m *dsar.Map) { m.Tables[0].Plain = append(m.Tables[0].Plain, "name text") },
		"users.email: it has no class":                       func(m *dsar.Map) { m.Tables[0].Columns[0].Class = redact.Class{} },
		`there is no table "user"`:                           func(m *dsar.Map) { m.Subjects[0].Table = "user" },
		`table "users" has no Key`:                           func(m *dsar.Map) { m.Tables[0].Key = nil },
		`identifier "email": there is no column "mail"`:      func(m *dsar.Map) { m.Subjects[0].Identifiers[0].Column = "mail" },
		"neither a table nor an identifier":                  func(m *dsar.Map) { m.Subjects = append(m.Subjects, dsar.Subject{Kind: "ghost"}) },
		`names a column "uid" that the table does not have`:  func(m *dsar.Map) { m.Tables[2].Links[0].Columns = []string{"tenant_id", "uid"} },
		"2 columns of users stand against 1":                 func(m *dsar.Map) { m.Tables[2].Links[0].Columns = []string{"user_id"} },
		`goes to a table "user" that is not in the map`:      func(m *dsar.Map) { m.Tables[2].Links[0].To = "user" },
		`goes to a column "uid" that users does not have`:    func(m *dsar.Map) { m.Tables[2].Links[0].ToColumns = []string{"tenant_id", "uid"} },
		"a link has no columns":                              func(m *dsar.Map) { m.Tables[2].Links[0].Columns = nil },
		"needs a table or an identifier, and not both":       func(m *dsar.Map) { m.Tables[2].Links[0].Identifier = "email" },
		`no subject has an identifier "mail"`:                func(m *dsar.Map) { m.Tables[6].Links[0].Identifier = "mail" },
		"no such role":                                       func(m *dsar.Map) { m.Tables[2].Links[0].Role = 9 },
		`for some values of a column "kind"`:                 func(m *dsar.Map) { m.Tables[4].Links[0].When[0].Column = "kind" },
		"and no column of it may be":                         func(m *dsar.Map) { m.Tables[0].Plain[2] = "invited_by bigint not null" },
		`cut with Null, Constant or Pseudonym, not "random"`: func(m *dsar.Map) { m.Tables[0].Links[0].Then = dsar.Random },
		"message: no link leads to a person":                 func(m *dsar.Map) { m.Tables[3].Links = nil },
		"its links lead to a person":                         func(m *dsar.Map) { m.Tables[3].NotPersonal = "no" },
		"the column is about a person (name)":                func(m *dsar.Map) { m.Tables[7].Columns = []dsar.Column{{Name: "by", Class: redact.ClassName}} },
		"it says nothing of its purpose":                     func(m *dsar.Map) { m.Tables[3].Purpose = "" },
		`there is no purpose "fun"`:                          func(m *dsar.Map) { m.Tables[3].Purpose = "fun" },
		`"maybe" is not a legal basis`:                       func(m *dsar.Map) { m.Purposes[0].Basis = "maybe" },
		`processor "Mail Inc": there is no purpose`:          func(m *dsar.Map) { m.Processors[0].Purposes = []string{"x"} },
		"rows are masked, and the column does not say how":   func(m *dsar.Map) { m.Tables[0].Columns[1].Erase = dsar.Strategy{} },
		"users.email: it would be made null":                 func(m *dsar.Map) { m.Tables[0].Columns[0].Erase = dsar.Null },
		`"delete" is for rows, not for values`:               func(m *dsar.Map) { m.Tables[0].Columns[1].Erase = dsar.Delete },
		`"null" is for values, not for rows`:                 func(m *dsar.Map) { m.Tables[2].Erase = dsar.Null },
		"kept without a legal basis and the law":             func(m *dsar.Map) { m.Tables[5].Erase = dsar.Keep(dsar.Reason{For: dsar.Period{Years: 1}, Since: "at"}) },
		"kept without an end":                                func(m *dsar.Map) { m.Tables[5].Erase = dsar.Keep(dsar.Reason{Basis: dsar.LegalObligation, Law: "AO"}) },
		"the row stays when the accessor goes":               func(m *dsar.Map) { m.Tables[0].Links[0].Then = dsar.Strategy{} },
		"the row stays with its other owners":                func(m *dsar.Map) { m.Tables[4].Links[1].Then = dsar.Strategy{} },
		"say in Then what the reference holds":               func(m *dsar.Map) { m.Tables[2].Links[1].Then = dsar.Strategy{} },
		"retention needs a period and a column":              func(m *dsar.Map) { m.Tables[2].Retention.Since = "gone" },
		`retention is for some values of a column "state"`: func(m *dsar.Map) {
			m.Tables[2].Retention.When = []dsar.When{{Column: "category", Value: "a"}, {Column: "state", Value: "solved"}}
		},
		"its rows are nobody's":                     func(m *dsar.Map) { m.Tables[7].Erase = dsar.Delete },
		`the key has a column "uid"`:                func(m *dsar.Map) { m.Tables[3].Key = []string{"uid"} },
		`there is no tenant column "org"`:           func(m *dsar.Map) { m.Tables[3].Tenant = "org" },
		"members need a path":                       func(m *dsar.Map) { m.Tables[3].Columns[1].Inside[0].Name = "" },
		"a derived table has no links":              func(m *dsar.Map) { m.Tables[8].NotPersonal = "x" },
		"aside \"x\": it needs a name and a reason": func(m *dsar.Map) { m.Aside = []dsar.Aside{{Name: "x"}} },
	} {
		m := desk()
		breakIt(m)
		_, err := m.Compile()
		require.ErrorIs(t, err, dsar.ErrMap, say)
		require.ErrorContains(t, err, say)
	}
}

func TestTheHashIsOfWhatTheMapSays(t *testing.T) {
	t.Parallel()
	hash := func(change func(*dsar.Map)) string {
		m := desk()
		if change != nil {
			change(m)
		}
		c, err := m.Compile()
		require.NoError(t, err)
		return c.Hash()
	}
	first := hash(nil)
	require.Equal(t, first, hash(func(m *dsar.Map) { m.Tables[1], m.Tables[5] = m.Tables[5], m.Tables[1] }), "the order of tables")
	require.Equal(t, first, hash(func(m *dsar.Map) { m.Waive = []dsar.Waiver{{Rule: "DSR020"}} }), "waivers")
	for what, change := range map[string]func(*dsar.Map){
		"a class":    func(m *dsar.Map) { m.Tables[2].Columns[1].Class = redact.ClassHealth },
		"a strategy": func(m *dsar.Map) { m.Tables[4].Columns[1].Erase = dsar.Constant("gone") },
		"a cut":      func(m *dsar.Map) { m.Tables[2].Links[1].Then = dsar.Constant("0") },
		"a reason": func(m *dsar.Map) {
			m.Tables[5].Erase = dsar.Keep(dsar.Reason{Basis: dsar.LegalObligation, Law: "§ 147 AO", For: dsar.Period{Years: 8}, Since: "at"})
		},
		"a member":    func(m *dsar.Map) { m.Tables[3].Columns[1].Inside[0].Class = redact.ClassName },
		"a condition": func(m *dsar.Map) { m.Tables[4].Links[0].When[0].Value = "Person" },
		"a role":      func(m *dsar.Map) { m.Tables[2].Links[0].Role = dsar.CoOwner; m.Tables[2].Shared = dsar.DeleteForAll },
		"retention": func(m *dsar.Map) {
			m.Tables[2].Retention = &dsar.Retention{For: dsar.Period{Days: 1}, Since: "closed_at"}
		},
		"another value": func(m *dsar.Map) {
			m.Tables[4].Links[0].When = append(m.Tables[4].Links[0].When, dsar.When{Column: "owner_type", Value: "Person"})
		},
		"a condition of retention": func(m *dsar.Map) { m.Tables[2].Retention.When = []dsar.When{{Column: "category", Value: "solved"}} },
	} {
		require.NotEqual(t, first, hash(change), what)
	}
}

func TestWhatWaitsForADecisionIsSaid(t *testing.T) {
	t.Parallel()
	m := desk()
	m.Tables[2].Links[0].Decide = "is it theirs?"
	m.Tables[3].Decide = "whose are they?"
	c, err := m.Compile()
	require.NoError(t, err)
	require.Equal(t, []string{"ticket.tenant_id,user_id: is it theirs?", "message: whose are they?"}, c.Undecided())
}

func TestStrategiesSayWhatTheyDo(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]dsar.Strategy{
		"": {}, "delete": dsar.Delete, "mask": dsar.Mask, "null": dsar.Null, `constant "x"`: dsar.Constant("x"), "truncate to 4": dsar.Truncate(4),
		"keep, legal obligation (AO) for 2 years 1 month from at": dsar.Keep(dsar.Reason{Basis: dsar.LegalObligation, Law: "AO", For: dsar.Period{Years: 2, Months: 1}, Since: "at"}),
	} {
		require.Equal(t, want, s.String())
		require.Equal(t, want == "", s.IsZero())
	}
	require.True(t, strings.HasPrefix(dsar.Period{}.String(), "no"))
}

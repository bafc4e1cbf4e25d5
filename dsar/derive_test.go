package dsar_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/redact"
)

func compiled(t testing.TB, m *dsar.Map) *dsar.Compiled {
	t.Helper()
	c, err := m.Compile()
	require.NoError(t, err)
	return c
}

func TestTheRecordSaysWhatArticle30AsksFor(t *testing.T) {
	t.Parallel()
	m := desk()
	m.Tables[2].Retention.When = []dsar.When{{Column: "category", Value: "sales"}, {Column: "category", Value: "spam"}}
	r := compiled(t, m).Record()
	require.Equal(t, "Desk Ltd", r.Controller.Name)
	require.Len(t, r.Activities, 2)
	support, billing := r.Activities[0], r.Activities[1]
	require.Equal(t, []string{"user"}, support.Subjects)
	require.Contains(t, support.Classes, redact.ClassEmail)
	require.Contains(t, support.Classes, redact.ClassContent)
	require.NotContains(t, billing.Classes, redact.ClassContent)
	require.Contains(t, billing.Classes, redact.ClassAddress)
	require.Equal(t, []string{"Mail Inc"}, support.Processors)
	require.Equal(t, []string{"Mail Inc, US: standard contractual clauses"}, support.Transfers)
	require.Empty(t, billing.Transfers)
	require.Equal(t, []string{"ticket: delete after 3 years from closed_at, where category is sales or spam"}, support.Limits)
	require.Equal(t, []string{"invoice: keep, legal obligation (§ 147 AO) for 10 years from at", "ten years"}, billing.Limits)
	require.Equal(t, []string{"address", "invoice"}, billing.Tables)

	var md, js bytes.Buffer
	require.NoError(t, r.WriteMarkdown(&md))
	for _, s := range []string{"Controller: Desk Ltd", "Data protection officer: D. Officer", "Legal basis: legal obligation", "tax authorities",
		"| Mail Inc | sends e-mail | US | standard contractual clauses | support | email |", "row-level security", "sha256:"} {
		require.Contains(t, md.String(), s)
	}
	require.NoError(t, r.WriteJSON(&js))
	var back map[string]any
	require.NoError(t, json.Unmarshal(js.Bytes(), &back))
	require.Equal(t, "Desk", back["application"])
}

func TestARecordKeepsWhatIsWrittenInItsCell(t *testing.T) {
	t.Parallel()
	m := desk()
	m.Processors[0].Does = "sends | e-mail\n# <script>"
	var md bytes.Buffer
	require.NoError(t, compiled(t, m).Record().WriteMarkdown(&md))
	require.Contains(t, md.String(), `| sends \| e-mail # &lt;script> |`)
}

func TestClassesFollowFromTheMap(t *testing.T) {
	t.Parallel()
	c := compiled(t, desk())
	require.Equal(t, map[string]redact.Class{"email": redact.ClassEmail, "name": redact.ClassName, "password_hash": redact.ClassPassword}, c.Classes()["users"])
	require.NotContains(t, c.Classes(), "category")
	require.Equal(t, []string{"password_hash"}, c.SecretKeys())
	_, err := redact.New(redact.Keys(c.SecretKeys()...))
	require.NoError(t, err)
}

func TestWhatSupportMaySeeHasNoSecrets(t *testing.T) {
	t.Parallel()
	m := desk()
	m.Tables[2].Columns = append(m.Tables[2].Columns, dsar.Column{Name: "asked_by text", Class: redact.ClassName, Others: true})
	c := compiled(t, m)
	allow := c.Allow(redact.ClassEmail, redact.ClassName, redact.ClassPassword)
	require.Equal(t, []string{"tenant_id", "id", "invited_by", "address_id", "created_at", "email", "name"}, allow["users"])
	require.NotContains(t, allow["ticket"], "subject")
	require.NotContains(t, allow["ticket"], "asked_by")
	require.NotContains(t, allow, "category")
	var all []redact.Class
	for class := range redact.Classes() {
		all = append(all, class)
	}
	require.NotContains(t, c.Allow(all...)["users"], "password_hash")
}

type account struct {
	ID    int64  `db:"id"`
	Email string `db:"email" privacy:"email" dsar:"text not null,pseudonym"`
	Phone string `db:"phone,omitempty" privacy:"phone,mask" dsar:"text,truncate=4"`
	Bio   string `db:"bio" privacy:"content" dsar:"text,constant=removed"`
	Hash  string `db:"hash" privacy:"password" dsar:"text"`
	Seen  string `db:"seen" privacy:"safe"`
	Cache string `db:"-" privacy:"email"`
}

func TestColumnsComeFromStructTags(t *testing.T) {
	t.Parallel()
	require.Equal(t, []dsar.Column{
		{Name: "email text not null", Class: redact.ClassEmail, Erase: dsar.Pseudonym},
		{Name: "phone text", Class: redact.ClassPhone, Erase: dsar.Truncate(4)},
		{Name: "bio text", Class: redact.ClassContent, Erase: dsar.Constant("removed")},
		{Name: "hash text", Class: redact.ClassPassword},
	}, dsar.ColumnsOf[account]())
	require.Panics(t, func() { dsar.ColumnsOf[int]() })
	require.Panics(t, func() {
		dsar.ColumnsOf[struct {
			A string `db:"a" privacy:"emial"`
		}]()
	})
	require.Panics(t, func() {
		dsar.ColumnsOf[struct {
			A string `privacy:"email"`
		}]()
	})
	require.Panics(t, func() {
		dsar.ColumnsOf[struct {
			A string `db:"a" privacy:"email" dsar:"text,shredd"`
		}]()
	})
}

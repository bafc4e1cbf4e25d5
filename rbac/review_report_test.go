package rbac

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

func (r *reviewed) report(by Principal, f ReportFormat) string {
	var out bytes.Buffer
	require.NoError(r.t, r.WriteReport(r.ctx, by, r.ID, &out, f))
	return out.String()
}

// table is a report in CSV, by key and column.
func (r *reviewed) table(by Principal) map[string]map[string]string {
	rows, err := csv.NewReader(strings.NewReader(r.report(by, ReportCSV))).ReadAll()
	require.NoError(r.t, err)
	out := map[string]map[string]string{}
	for _, row := range rows[1:] {
		cells := map[string]string{}
		for n, c := range rows[0] {
			cells[c] = row[n]
		}
		out[cells["kind"]+" "+cells["id"]] = cells
	}
	return out
}

func TestAReportSaysWhoDecidedWhatWhenAndWhatCameOfIt(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	_, err := r.decide(r.as(r.rita), ItemPerson, "eve", Verdict{Decision: Reduce, Note: "writes no more", Roles: []RoleID{viewer.ID()}})
	require.NoError(t, err)
	_, err = r.decide(r.as(olga), ItemPerson, "pam", Verdict{Decision: Remove})
	require.NoError(t, err)
	r.pass(31 * day)
	require.Equal(t, []NoticeKind{NoticeDue}, r.due())
	_, err = r.decide(r.as(olga), ItemPerson, "rita", Verdict{Decision: Keep, Note: "late"})
	require.NoError(t, err)
	open := r.report(r.as(olga), ReportCSV)
	r.Review, err = r.CloseReview(r.ctx, r.as(olga), r.ID)
	require.NoError(t, err)

	table := r.table(r.as(olga))
	require.Len(t, table, r.Items)
	eve := table["person eve"]
	require.Equal(t, "reduce", eve["decision"])
	require.Equal(t, "writes no more", eve["note"])
	require.Equal(t, "person:rita", eve["decided_by"])
	require.Equal(t, "editor", eve["before_roles"])
	require.Equal(t, "viewer", eve["after_roles"])
	require.Equal(t, "2", eve["before_permissions"])
	require.Equal(t, "1", eve["after_permissions"])
	require.Equal(t, "false", eve["late"])
	at, err := time.Parse(time.RFC3339Nano, eve["decided_at"])
	require.NoError(t, err)
	require.True(t, at.Equal(r.item(ItemPerson, "eve").At))
	require.Equal(t, r.Snapshot, eve["snapshot_sha256"])
	require.Equal(t, r.Outcome, eve["outcome_sha256"])
	require.Equal(t, "person:olga", eve["closed_by"])
	require.Equal(t, "remove", table["person pam"]["decision"])
	require.Empty(t, table["person pam"]["after_roles"])
	require.Equal(t, "bill.pay", table["person pam"]["sensitive"])
	require.Equal(t, "true", table["person rita"]["late"])
	require.Equal(t, "not reviewed", table["machine bot"]["decision"])
	require.Equal(t, "true", table["machine bot"]["late"])
	require.Equal(t, "olga", table["machine bot"]["owner"])
	require.Equal(t, "machine:bot", table["token t1"]["member"])

	again := r.report(r.system(), ReportCSV)
	require.Equal(t, r.report(r.as(olga), ReportCSV), again)
	require.NotEqual(t, open, again)
	require.NotContains(t, again, "example.com")

	var got struct {
		Review jsonReview
		Items  []jsonItem
	}
	dec := json.NewDecoder(strings.NewReader(r.report(r.as(olga), ReportJSON)))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&got))
	require.ErrorIs(t, dec.Decode(new(any)), io.EOF)
	require.Equal(t, r.Roles, got.Review.Roles)
	require.Equal(t, r.Outcome, got.Review.Outcome)
	items := r.items(r.ID)
	require.Len(t, got.Items, len(items))
	for n, i := range items {
		require.Equal(t, i.Key, got.Items[n].Key)
		require.Equal(t, i.Decision, got.Items[n].Decision)
		require.Equal(t, i.Before, got.Items[n].Before)
		require.Equal(t, i.After, got.Items[n].After)
	}
	require.ErrorIs(t, r.WriteReport(r.ctx, r.as(olga), r.ID, io.Discard, "pdf"), ErrFormat)
	require.ErrorIs(t, r.WriteReport(r.ctx, r.as(olga), "x", io.Discard, ReportCSV), ErrNotFound)
	require.ErrorIs(t, r.WriteReport(r.ctx, r.as(r.eve), r.ID, io.Discard, ReportCSV), ErrDenied)
}

func TestAReportOfNothingIsWhole(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, NewMemory(), Options{})
	rev, err := w.OpenReview(w.ctx, w.system(), ReviewSpec{})
	require.NoError(t, err)
	r := &reviewed{world: w, Review: rev}
	require.Empty(t, r.table(w.system()))
	var got struct{ Items []jsonItem }
	require.NoError(t, json.Unmarshal([]byte(r.report(w.system(), ReportJSON)), &got))
	require.NotNil(t, got.Items)
}

func TestNoCellOfAReportIsAFormula(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1"} {
		w.user(id, viewer)
	}
	rev, err := w.OpenReview(w.ctx, w.as(olga), ReviewSpec{})
	require.NoError(t, err)
	r := &reviewed{world: w, Review: rev}
	for _, id := range []string{"=1+1", "+1"} {
		_, err = r.decide(r.system(), ItemPerson, id, Verdict{Decision: Keep, Note: "=HYPERLINK(\"http://evil.example\")\n\"x\", y"})
		require.NoError(t, err)
	}
	rows, err := csv.NewReader(strings.NewReader(r.report(w.system(), ReportCSV))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 9)
	for _, row := range rows {
		for _, c := range row {
			require.False(t, c != "" && strings.ContainsRune("=+-@\t\r\n ", []rune(c)[0]), "%q", c)
		}
	}
	require.Equal(t, "'=HYPERLINK(\"http://evil.example\")\n\"x\", y", r.table(w.system())["person '=1+1"]["note"])
}

// alters is a store that somebody got into.
type alters struct {
	Store
	alter func([]ItemRow) []ItemRow
}

func (s *alters) Items(ctx context.Context, review, after string, limit int) ([]ItemRow, error) {
	items, err := s.Store.Items(ctx, review, after, limit)
	if s.alter != nil {
		items = s.alter(items)
	}
	return items, err
}

func TestAReportOfAnAlteredReviewIsNotWritten(t *testing.T) {
	t.Parallel()
	s := &alters{Store: NewMemory()}
	r := &reviewed{world: newWorldOver(t, s, Options{})}
	r.user("rita", reviewer)
	r.user("eve", editor)
	var err error
	r.Review, err = r.OpenReview(r.ctx, r.as(olga), ReviewSpec{})
	require.NoError(t, err)
	r.all()
	snapshot := []func([]ItemRow) []ItemRow{
		func(i []ItemRow) []ItemRow { return i[:max(0, len(i)-1)] },
		func(i []ItemRow) []ItemRow { edit(i, func(i *ItemRow) { i.ID += "x" }); return i },
		func(i []ItemRow) []ItemRow { edit(i, func(i *ItemRow) { i.Kind = ItemMachine }); return i },
		func(i []ItemRow) []ItemRow {
			edit(i, func(i *ItemRow) {
				i.Snapshot = bytes.Replace(i.Snapshot, []byte("permissions"), []byte("Permissions"), 1)
			})
			return i
		},
	}
	outcome := []func([]ItemRow) []ItemRow{
		func(i []ItemRow) []ItemRow { edit(i, func(i *ItemRow) { i.Decision = Remove }); return i },
		func(i []ItemRow) []ItemRow { edit(i, func(i *ItemRow) { i.Note += "!" }); return i },
		func(i []ItemRow) []ItemRow { edit(i, func(i *ItemRow) { i.By = "person:olga" }); return i },
		func(i []ItemRow) []ItemRow { edit(i, func(i *ItemRow) { i.At = i.At.Add(-day) }); return i },
		func(i []ItemRow) []ItemRow { edit(i, func(i *ItemRow) { i.Outcome = nil }); return i },
	}
	altered := func(alter func([]ItemRow) []ItemRow) {
		s.alter = alter
		for _, f := range []ReportFormat{ReportCSV, ReportJSON} {
			var out bytes.Buffer
			require.ErrorIs(t, r.WriteReport(r.ctx, r.as(olga), r.ID, &out, f), ErrAltered)
			require.Empty(t, out.String())
		}
		s.alter = nil
	}
	for _, alter := range snapshot {
		altered(alter)
		s.alter = alter
		_, err := r.CloseReview(r.ctx, r.as(olga), r.ID)
		require.Error(t, err)
		s.alter = nil
	}
	_, err = r.CloseReview(r.ctx, r.as(olga), r.ID)
	require.NoError(t, err)
	r.report(r.as(olga), ReportCSV)
	for _, alter := range append(snapshot, outcome...) {
		altered(alter)
	}
}

func edit(items []ItemRow, f func(*ItemRow)) {
	if len(items) > 0 {
		f(&items[len(items)-1])
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestAReportThatCannotBeWrittenSaysSo(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	for _, f := range []ReportFormat{ReportCSV, ReportJSON} {
		require.ErrorIs(t, r.WriteReport(r.ctx, r.as(olga), r.ID, brokenWriter{}, f), errBroken)
	}
}

func TestWhatAReviewDoesIsInTheLogAndWhatIsPersonalInItCanBeErased(t *testing.T) {
	t.Parallel()
	private, _, err := note.GenerateKey(rand.Reader, "example.com/audit")
	require.NoError(t, err)
	signer, err := audit.NewSigner(private)
	require.NoError(t, err)
	key, err := tenancy.NewKey("k1", []byte("0123456789abcdef0123456789abcdef"))
	require.NoError(t, err)
	log, err := audit.Open(context.Background(), audit.NewMemory(), audit.Options{Origin: "example.com/audit", Signer: signer, Key: key})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, log.Close(context.Background())) })

	r := newReviewed(t, Options{})
	_, err = r.decide(r.as(olga), ItemPerson, "eve", Verdict{Decision: Keep, Note: "is on leave"})
	require.NoError(t, err)
	_, err = r.decide(r.as(olga), ItemPerson, "pam", Verdict{Decision: Remove})
	require.NoError(t, err)
	r.pass(31 * day)
	require.Equal(t, []NoticeKind{NoticeDue}, r.due())
	r.all()
	_, err = r.CloseReview(r.ctx, r.as(olga), r.ID)
	require.NoError(t, err)
	r.report(r.as(olga), ReportCSV)
	_, err = r.OpenReview(r.ctx, r.as(olga), ReviewSpec{})
	require.NoError(t, err)
	names := map[string]int{}
	for _, e := range r.record.taken() {
		names[e.Action.Name()]++
		require.NoError(t, log.Record(r.ctx, e))
		if e.Data["note"] != nil {
			require.IsType(t, audit.PersonalValue{}, e.Data["note"])
		}
	}
	require.Equal(t, map[string]int{"rbac.review.opened": 1, "rbac.review.decided": 2, "rbac.member.removed": 1, "rbac.review.overdue": r.Items - 2,
		"rbac.review.closed": 1, "rbac.review.reported": 1}, names)
}

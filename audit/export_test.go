package audit

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/csvcell"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// exported exports all that q asks for.
func exported(t require.TestingT, ctx context.Context, l *Log, f Format, q Query) string {
	var out bytes.Buffer
	_, err := l.Export(ctx, &out, Exporting{Query: q, Format: f, By: admin})
	require.NoError(t, err)
	return out.String()
}

// jsonParty is a party as exports show it, and jsonLine an event.
type jsonParty struct {
	Type, ID, Name, Email string
	Person                bool
}

type jsonLine struct {
	Tenant, ID, Action, Outcome, Reason, Hash string
	Seq                                       uint64
	Time, Recorded                            time.Time
	Actor                                     jsonParty
	Targets                                   []jsonParty
	Source                                    struct{ IP, Agent, Session, Request, Trace string }
	Data                                      map[string]any
	Erased                                    []string
}

func partiesOf(all []Party) (out []jsonParty) {
	for _, p := range all {
		out = append(out, jsonParty(p))
	}
	return out
}

// plainData is data as a reader of JSON gets it.
func plainData(data map[string]any) map[string]any {
	if data == nil {
		return nil
	}
	data = maps.Clone(data)
	for k, v := range data {
		switch v := v.(type) {
		case PersonalValue:
			data[k] = v.value
		case int64:
			data[k] = json.Number(strconv.FormatInt(v, 10))
		case uint64:
			data[k] = json.Number(strconv.FormatUint(v, 10))
		case float64:
			data[k] = v
		case time.Time:
			data[k] = map[string]any{"time": v.Format(leafTime)}
		case []string:
			list := make([]any, len(v))
			for i := range v {
				list[i] = v[i]
			}
			data[k] = list
		}
	}
	return data
}

// sameData compares numbers by value: 1.0 and 1e0 are one.
func sameData(t require.TestingT, want, got map[string]any) {
	require.Len(t, got, len(want))
	for k, v := range plainData(want) {
		if f, ok := v.(float64); ok {
			g, err := got[k].(json.Number).Float64()
			require.NoError(t, err)
			require.Equal(t, f, g)
			continue
		}
		require.Equal(t, v, got[k])
	}
}

func decodeJSON(t require.TestingT, text string, to any) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	require.NoError(t, d.Decode(to), text)
}

func TestExportsTellWhatTheLogTells(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := logOver(t, NewMemory())
		m := &modelLog{t: rt, ctx: inAcme(t), log: l, holds: map[string]Subject{}}
		m.record(rapid.IntRange(1, 4).Draw(rt, "events"))
		if rapid.Bool().Draw(rt, "erased") {
			m.erase(Erasure{Subject: rapid.SampledFrom(people).Draw(rt, "who"), Basis: "test", By: admin})
		}
		var want []Record
		for r, err := range l.Events(m.ctx, Query{Oldest: true}) {
			require.NoError(rt, err)
			want = append(want, r)
		}

		lines := strings.SplitAfter(exported(rt, m.ctx, l, JSONL, Query{Oldest: true}), "\n")
		require.Empty(rt, lines[len(lines)-1])
		require.Len(rt, lines[:len(lines)-1], len(want))
		for i, r := range want {
			var got jsonLine
			decodeJSON(rt, lines[i], &got)
			require.Equal(rt, r.Seq, got.Seq)
			require.Equal(rt, []string{"acme", r.ID.String(), r.ActionName, r.Outcome.String(), r.Reason, hex.EncodeToString(r.Hash[:])},
				[]string{got.Tenant, got.ID, got.Action, got.Outcome, got.Reason, got.Hash})
			require.True(rt, r.Time.Equal(got.Time) && r.Recorded.Equal(got.Recorded))
			require.Equal(rt, jsonParty(r.Actor), got.Actor)
			require.Equal(rt, partiesOf(r.Targets), got.Targets)
			require.Equal(rt, r.Erased, got.Erased)
			if r.Source.IP.IsValid() {
				require.Equal(rt, r.Source.IP.String(), got.Source.IP)
			}
			require.Equal(rt, []string{r.Source.UserAgent, r.Source.Session, r.Source.RequestID, r.Source.TraceID},
				[]string{got.Source.Agent, got.Source.Session, got.Source.Request, got.Source.Trace})
			sameData(rt, r.Data, got.Data)
		}

		rows, err := csv.NewReader(strings.NewReader(exported(rt, m.ctx, l, CSV, Query{Oldest: true, Limit: len(want)}))).ReadAll()
		require.NoError(rt, err)
		require.Equal(rt, csvColumns, rows[0])
		require.Len(rt, rows, len(want)+1)
		for i, r := range want {
			cell := map[string]string{}
			for j, c := range rows[i+1] {
				cell[csvColumns[j]] = strings.TrimPrefix(c, "'")
			}
			crlf := strings.NewReplacer("\r\n", "\n") // encoding/csv reads it so
			require.Equal(rt, strconv.FormatUint(r.Seq, 10), cell["seq"])
			for column, v := range map[string]string{
				"actor_id": r.Actor.ID, "actor_name": r.Actor.Name, "actor_email": r.Actor.Email, "actor_type": r.Actor.Type,
				"reason": r.Reason, "user_agent": r.Source.UserAgent, "session": r.Source.Session, "request_id": r.Source.RequestID,
				"trace_id": r.Source.TraceID, "erased": strings.Join(r.Erased, " "), "id": r.ID.String(), "action": r.ActionName,
			} {
				require.Equal(rt, crlf.Replace(v), cell[column], column)
			}
			if len(r.Targets) > 0 {
				var targets []jsonParty
				decodeJSON(rt, cell["targets"], &targets)
				require.Equal(rt, partiesOf(r.Targets), targets)
			}
			if len(r.Data) > 0 {
				var data map[string]any
				decodeJSON(rt, cell["data"], &data)
				sameData(rt, r.Data, data)
			}
		}

		for i, line := range strings.Split(strings.TrimSuffix(exported(rt, m.ctx, l, OCSF, Query{Oldest: true, Limit: len(want)}), "\n"), "\n") {
			requireOCSF(rt, line)
			var got struct {
				Unmapped struct{ Data map[string]any }
				Metadata struct{ UID string }
			}
			decodeJSON(rt, line, &got)
			require.Equal(rt, want[i].ID.String(), got.Metadata.UID)
			sameData(rt, want[i].Data, got.Unmapped.Data)
		}
	})
}

func TestNoCellOfACSVIsAFormula(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		`=HYPERLINK("http://evil.example","x")`, "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\ufeff=1", "\x00=1",
		"＝1", "＋1", "－1", "＠1", "|calc", "%0A", "'=1",
	} {
		require.Equal(t, "'"+s, csvcell.Harmless(s))
		l := logOver(t, NewMemory())
		_, err := l.Append(inAcme(t), Event{
			Action: docRead, Actor: Party{Type: "user", ID: s, Name: s, Email: s}, Reason: s,
			Source: Source{UserAgent: s, Session: s, RequestID: s, TraceID: s}, Data: map[string]any{"k": s}, Targets: []Party{{Type: "user", ID: s}},
		})
		require.NoError(t, err)
		rows, err := csv.NewReader(strings.NewReader(exported(t, inAcme(t), l, CSV, Query{}))).ReadAll()
		require.NoError(t, err)
		for _, c := range rows[1] {
			require.False(t, c != "" && strings.ContainsRune("=+-@\t\r\n|%＝＋－＠ \u00a0\ufeff\x00", []rune(c)[0]), "%q", c)
		}
	}
	for _, s := range []string{"", "a", "a=1", "1", " a", "{"} {
		require.Equal(t, s, csvcell.Harmless(s))
	}
}

// What schema.ocsf.io requires of an event of each class, by its attribute; and of objects that are there, with what
// they need one of.
var (
	ocsfRequired = map[int][]string{
		0:    {"activity_id", "category_uid", "class_uid", "type_uid", "severity_id", "time", "metadata"},
		3001: {"user"}, 3002: {"user"}, 3004: {"entity"}, 6003: {"actor", "api", "src_endpoint"}, 6005: {"actor", "src_endpoint"},
	}
	ocsfObjects = map[string][]string{
		"metadata": {"product", "version"}, "api": {"operation"},
	}
	ocsfOneOf = map[string][]string{
		"actor": {"process", "user", "session", "app_name", "app_uid"}, "src_endpoint": {"ip", "uid", "name", "hostname", "svc_name"},
		"user": {"account", "name", "uid"}, "product": {"name", "uid"}, "entity": {"name", "uid"}, "table": {"name", "uid"}, "service": {"name", "uid"},
	}
	ocsfClassOneOf   = map[int][]string{3002: {"service", "dst_endpoint"}, 6005: {"database", "databucket", "table"}}
	ocsfMaxActivity  = map[int]int{3001: 12, 3002: 7, 3004: 13, 6003: 4, 6005: 10}
	ocsfNotElsewhere = map[string][]int{"api": {6003}, "entity": {3004}, "table": {6005}, "service": {3002}, "resources": {6003}}
)

func requireOCSF(t require.TestingT, line string) {
	var e map[string]any
	require.NoError(t, json.Unmarshal([]byte(line), &e))
	num := func(k string) int { n, _ := e[k].(float64); return int(n) }
	class := num("class_uid")
	for _, k := range slices.Concat(ocsfRequired[0], ocsfRequired[class]) {
		require.Contains(t, e, k)
	}
	require.Contains(t, ocsfMaxActivity, class)
	require.True(t, num("activity_id") == 99 && e["activity_name"] != "" || num("activity_id") <= ocsfMaxActivity[class])
	require.Equal(t, class/1000, num("category_uid"))
	require.Equal(t, class*100+num("activity_id"), num("type_uid"))
	require.Equal(t, 1, num("severity_id"))
	if of := ocsfClassOneOf[class]; of != nil {
		require.True(t, slices.ContainsFunc(of, func(k string) bool { return e[k] != nil }))
	}
	for k, classes := range ocsfNotElsewhere {
		require.True(t, e[k] == nil || slices.Contains(classes, class), "%s in %d", k, class)
	}
	var walk func(name string, v any)
	walk = func(name string, v any) {
		o, ok := v.(map[string]any)
		if !ok {
			return
		}
		for _, k := range ocsfObjects[name] {
			require.Contains(t, o, k, name)
		}
		if of := ocsfOneOf[name]; of != nil {
			require.True(t, slices.ContainsFunc(of, func(k string) bool { return o[k] != nil }), name)
		}
		for k, in := range o {
			require.False(t, in == nil || in == "", "%s.%s says nothing", name, k)
			if name != "unmapped" && k != "unmapped" {
				walk(k, in)
			}
		}
	}
	walk("", e)
}

var (
	accountLocked = Define("test.account_locked", Update).OCSF(3001, 9)
	loggedOn      = Define("test.logged_on", Other).OCSF(3002, 1)
	policyChanged = Define("test.policy_changed", Update).OCSF(3004, 3)
	rowsRead      = Define("test.rows_read", Read).OCSF(6005, 1)
	otherThing    = Define("test.other_thing", Other)
)

func TestAnOCSFEventHasWhatItsClassRequires(t *testing.T) {
	t.Parallel()
	l := logOver(t, NewMemory())
	for _, a := range []Action{accountLocked, loggedOn, policyChanged, rowsRead, docRead, otherThing} {
		full := said()
		full.Action = a
		person := Party{Type: "user", ID: "u", Person: true}
		_, err := l.Append(inAcme(t), Event{Action: a}, full, Event{Action: a, Targets: []Party{{Type: "document"}}, Outcome: Denied},
			Event{Action: a, Actor: person, Targets: []Party{{Type: "document", ID: "d"}, person}, Outcome: Attempted})
		require.NoError(t, err)
	}
	check := func() {
		lines := strings.Split(strings.TrimSpace(exported(t, inAcme(t), l, OCSF, Query{})), "\n")
		require.GreaterOrEqual(t, len(lines), 24)
		for _, line := range lines {
			requireOCSF(t, line)
		}
	}
	check()
	for _, who := range []Subject{ada.Subject(), "user:u"} {
		_, err := l.Erase(inAcme(t), Erasure{Subject: who, Basis: "test", By: admin})
		require.NoError(t, err)
	}
	check()
}

func TestAnExportIsRecordedBeforeItsFirstByte(t *testing.T) {
	t.Parallel()
	for _, f := range []Format{JSONL, CSV, OCSF} {
		inner := NewMemory()
		down := &double{inner, nil}
		down.append = func(context.Context, []Entry) ([]Placed, error) { return nil, ErrUnavailable }
		l := logOver(t, down)
		_, err := inner.Append(inAcme(t), []Entry{mustEncode(t, l, said())})
		require.NoError(t, err)
		x := Exporting{Format: f, By: ada, Reason: "access request", Query: Query{Subject: ada.Subject(), Actions: []Action{docRead}, Limit: 5}}
		var out bytes.Buffer
		_, err = l.Export(inAcme(t), &out, x)
		require.ErrorIs(t, err, ErrUnavailable)
		require.Zero(t, out.Len())

		down.append = inner.Append
		done, err := l.Export(inAcme(t), &out, x)
		require.NoError(t, err)
		require.EqualValues(t, 1, done.Events)
		require.EqualValues(t, 1, done.Receipt.Seq)
		require.Contains(t, out.String(), "Ada Lovelace")
		r, err := first(t, l, acme, Query{Actions: []Action{Exported}})
		require.NoError(t, err)
		require.Equal(t, ada, r.Actor)
		require.Equal(t, "access request", r.Reason)
		require.Equal(t, map[string]any{
			"format": f.String(), "subject": PersonalValue{value: "user:ada-7"}, "actions": []string{"test.document_read"}, "limit": int64(5),
		}, r.Data)

		require.NoError(t, inner.Tx(inAcme(t), func(ctx context.Context) error {
			_, err := l.Export(ctx, &out, x)
			require.ErrorIs(t, err, errInTx)
			return nil
		}))
		_, err = l.Export(inAcme(t), &out, Exporting{Format: f})
		require.ErrorIs(t, err, ErrEvent)
		_, err = l.Export(inAcme(t), &out, Exporting{By: admin})
		require.ErrorIs(t, err, ErrEvent)
	}
}

func mustEncode(t *testing.T, l *Log, e Event) Entry {
	t.Helper()
	en, err := l.encode(t.Context(), acme, e)
	require.NoError(t, err)
	return en
}

// fullDisk takes so many bytes.
type fullDisk struct{ left int }

var errDiskFull = errors.New("disk is full")

func (w *fullDisk) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return 0, errDiskFull
	}
	w.left -= len(p)
	return len(p), nil
}

func TestAnExportTellsThatItsWriterFailed(t *testing.T) {
	t.Parallel()
	l := logOver(t, NewMemory())
	for range 200 {
		_, err := l.Append(inAcme(t), said())
		require.NoError(t, err)
	}
	for _, f := range []Format{JSONL, CSV, OCSF} {
		_, err := l.Export(inAcme(t), &fullDisk{70_000}, Exporting{Format: f, By: admin})
		require.ErrorIs(t, err, errDiskFull)
	}
}

func TestAnExportGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	l := logOver(t, NewMemory())
	for range 20 {
		_, err := l.Append(inAcme(t), said())
		require.NoError(t, err)
	}
	q := Query{Actions: []Action{docRead}, Oldest: true}
	whole := exported(t, inAcme(t), l, JSONL, q)
	var parts bytes.Buffer
	q.Limit = 7
	for {
		done, err := l.Export(inAcme(t), &parts, Exporting{Query: q, Format: JSONL, By: admin})
		require.NoError(t, err)
		if done.Events == 0 {
			break
		}
		q.After = done.Last
	}
	require.Equal(t, whole, parts.String())
}

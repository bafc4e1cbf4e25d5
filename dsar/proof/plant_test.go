package proof

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// plot is a place in which a residue can be planted.
type plot struct {
	name  string // table and column
	sql   string
	bytes bool // it takes any bytes
	only  func(encoding, text string) bool
}

// plainly leaves out encodings that the type writes in yet another way.
func plainly(encoding, _ string) bool { return encoding != "json" }

func short(n int) func(string, string) bool {
	return func(_, text string) bool { return len(text) <= n }
}

var postgresPlots = []plot{
	{name: "wide.t", sql: "INSERT INTO wide (t) VALUES (?)"},
	{name: "wide.v", sql: "INSERT INTO wide (v) VALUES (?)"},
	{name: "wide.c", sql: "INSERT INTO wide (c) VALUES (?)", only: short(800)},
	{name: "wide.ci", sql: "INSERT INTO wide (ci) VALUES (?)"},
	{name: "wide.nm", sql: "INSERT INTO wide (nm) VALUES (?)", only: short(63)},
	{name: "wide.d", sql: "INSERT INTO wide (d) VALUES (?)"},
	{name: "wide.j", sql: "INSERT INTO wide (j) VALUES (to_json(CAST(? AS text)))"},
	{name: "wide.jb", sql: "INSERT INTO wide (jb) VALUES (jsonb_build_object('k', jsonb_build_array(1, CAST(? AS text))))"},
	{name: "wide.jb", sql: "INSERT INTO wide (jb) VALUES (jsonb_build_object(CAST(? AS text), 1))"},
	{name: "wide.x", sql: "INSERT INTO wide (x) VALUES (xmlelement(name a, CAST(? AS text)))", only: func(e, text string) bool { return e != "html" && !strings.ContainsAny(text, "\x00\x01\x02") }},
	{name: "wide.a", sql: "INSERT INTO wide (a) VALUES (ARRAY['first', ?, 'last'])"},
	{name: "wide.aa", sql: "INSERT INTO wide (aa) VALUES (ARRAY[ARRAY['x', ?], ARRAY['y', 'z']])"},
	{name: "wide.ab", sql: `INSERT INTO wide (ab) VALUES (ARRAY['\x0102'::bytea, CAST(? AS bytea)])`, bytes: true},
	{name: "wide.b", sql: "INSERT INTO wide (b) VALUES (?)", bytes: true},
	{name: "wide.h", sql: "INSERT INTO wide (h) VALUES (hstore('k', ?))", only: plainly},
	{name: "wide.h", sql: "INSERT INTO wide (h) VALUES (hstore(CAST(? AS text), 'v'))", only: plainly},
	{name: "wide.ts", sql: "INSERT INTO wide (ts) VALUES (array_to_tsvector(ARRAY['x', ?]))", only: plainly},
	{name: "wide.p", sql: "INSERT INTO wide (p) VALUES (ROW(1, ?)::pair)", only: plainly},
	{name: "wide.pa", sql: "INSERT INTO wide (pa) VALUES (ARRAY[ROW(1, ?)::pair])", only: plainly},
	{name: "split.t", sql: "INSERT INTO split (day, t) VALUES (150, ?)"},
	{name: "old.t", sql: "INSERT INTO old (id, t) VALUES (floor(random() * 1e15), ?)"},
	{name: "older.more", sql: "INSERT INTO older (id, more) VALUES (floor(random() * 1e15), ?)"},
	{name: "visit.body", sql: "INSERT INTO visit (id, body) VALUES (floor(random() * 1e15), ?)"},
}

var sqlitePlots = []plot{
	{name: "wide.t", sql: "INSERT INTO wide (t) VALUES (?)"},
	{name: "wide.b", sql: "INSERT INTO wide (b) VALUES (?)", bytes: true},
	{name: "wide.untyped", sql: "INSERT INTO wide (untyped) VALUES (?)"},
	{name: "wide.untyped", sql: "INSERT INTO wide (untyped) VALUES (?)", bytes: true},
	{name: "wide.v", sql: "INSERT INTO wide (v) VALUES (?)"},
	{name: "wide.dt", sql: "INSERT INTO wide (dt) VALUES (?)"},
	{name: "wide.n", sql: "INSERT INTO wide (n) VALUES (?)"},
	{name: "words_content.c0", sql: "INSERT INTO words (body) VALUES (?)"},
	{name: "bare.", sql: "INSERT INTO bare (rowid, body) VALUES (abs(random()), ?)", only: func(e, _ string) bool { return e == "as is" }},
	{name: "visit.body", sql: "INSERT INTO visit (body) VALUES (?)"},
}

// numberPlots take the digits of a phone number.
var (
	postgresNumbers = []plot{
		{name: "wide.n", sql: "INSERT INTO wide (n) VALUES (CAST(CAST(? AS text) AS numeric))"},
		{name: "wide.i", sql: "INSERT INTO wide (i) VALUES (CAST(CAST(? AS text) AS bigint))"},
		{name: "wide.ia", sql: "INSERT INTO wide (ia) VALUES (ARRAY[1, CAST(CAST(? AS text) AS bigint), 2])"},
	}
	sqliteNumbers = []plot{
		{name: "wide.n", sql: "INSERT INTO wide (n) VALUES (CAST(? AS INTEGER))"},
		{name: "wide.untyped", sql: "INSERT INTO wide (untyped) VALUES (CAST(? AS REAL))"},
	}
)

// plantIn plants each of the needles once, and returns where.
func (w *world) plantIn(values []string, r *rand.Rand) (where map[string]bool) {
	plots, numbers := sqlitePlots, sqliteNumbers
	if w.pg != nil {
		plots, numbers = postgresPlots, postgresNumbers
	}
	names := make([]string, 0, len(encodings))
	for name := range encodings {
		names = append(names, name)
	}
	slices.Sort(names)
	where = map[string]bool{}
	require.NoError(w.t, w.db.Tx(w.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for i, v := range values {
			if strings.HasPrefix(v, "+") && i%8 == 3 {
				p := numbers[r.IntN(len(numbers))]
				if _, err := tx.ExecContext(ctx, tx.Rebind(p.sql), digitsOf(v)); err != nil {
					return fmt.Errorf("%s: %w", p.name, err)
				}
				where[p.name] = true
				continue
			}
			if _, err := uuid.Parse(v); err == nil && w.pg != nil && i%8 < 4 {
				if _, err := tx.ExecContext(ctx, "INSERT INTO wide (u) VALUES (CAST(CAST($1 AS text) AS uuid))", v); err != nil {
					return err
				}
				where["wide.u"] = true
				continue
			}
			for {
				p, encoding := plots[r.IntN(len(plots))], names[r.IntN(len(names))]
				around := [][2]string{{"", ""}, {"to: ", ", "}, {"a/", "/b"}, {"x_", "_y"}}[r.IntN(4)]
				text := encodings[encoding](around[0], v, around[1])
				if p.only != nil && !p.only(encoding, text) || !p.bytes && (!utf8.ValidString(text) || strings.Contains(text, "\x00")) {
					continue
				}
				var arg any = text
				if p.bytes {
					arg = []byte(text)
				}
				if _, err := tx.ExecContext(ctx, tx.Rebind(p.sql), arg); err != nil {
					return fmt.Errorf("%s of %s: %w", p.name, encoding, err)
				}
				where[p.name] = true
				break
			}
		}
		return nil
	}))
	return where
}

func digitsOf(s string) string {
	return strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, s)
}

// valuesFor are values that no two people have.
func valuesFor(from, n int, r *rand.Rand) (out []string) {
	for i := from; i < from+n; i++ {
		switch i % 8 {
		case 0, 1:
			out = append(out, fmt.Sprintf("Person.%d.%x@mail%d.example.test", i, r.Uint32(), i%3))
		case 2, 3:
			out = append(out, fmt.Sprintf("+61 4%02d %03d %03d", i/1000%100, i%1000, r.IntN(1000)))
		case 4:
			out = append(out, fmt.Sprintf("Zoë Müller-Oßwald %d %x", i, r.Uint32()))
		case 5:
			out = append(out, uuid.Must(uuid.NewRandomFromReader(reader{r})).String())
		case 6:
			out = append(out, fmt.Sprintf("dev_%x-%d", r.Uint64(), i))
		case 7:
			out = append(out, fmt.Sprintf("東京 太郎 %d <%x>", i, r.Uint32()))
		}
	}
	return out
}

type reader struct{ *rand.Rand }

func (r reader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return len(p), nil
}

func TestEveryPlantedResidueIsFoundAndNothingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		rounds, each := 1, 200
		if os.Getenv("BAILIWICK_SOAK") == "1" {
			rounds, each = 20, 500 // 10,000 on each database
		}
		r := rand.New(rand.NewPCG(1, 2))
		w.o.KeepFiles = true // files are another test's
		w.bystanders(100)
		p := w.prover()
		for round := range rounds {
			values := valuesFor(round*each, each, r)
			n := &Needles{taken: true}
			for _, v := range values {
				require.True(t, n.value(v))
			}
			require.Len(t, n.values, each)
			l := p.newLook(n)
			require.NoError(t, l.run(w.ctx))
			require.Empty(t, l.proof.Found, "nothing was planted yet")
			where := w.plantIn(n.values, r)
			l = p.newLook(n)
			require.NoError(t, l.run(w.ctx))
			for i, hit := range l.hit {
				require.True(t, hit, "%q", n.values[i])
			}
			for _, f := range l.proof.Found {
				if f.Form != "file" && !strings.HasPrefix(f.Table, "words") && !strings.HasPrefix(f.Table, "bare") {
					require.True(t, where[f.Table+"."+f.Column], "%+v", f)
				}
			}
		}
	})
}

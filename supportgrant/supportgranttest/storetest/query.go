package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/stretchr/testify/require"
)

// rows reads all rows of one reading of a resource, as values of any.
func (h *house) rows(t require.TestingT, g supportgrant.GrantRow, resource int, change func(*supportgrant.Query)) (out [][]any) {
	r := h.reading(g)
	r.Resource = Registry()[resource]
	r.Entry.Category, r.Entry.Resource = r.Resource.Category.Name(), r.Resource.Name
	r.Query.Columns = []string{"id"}
	if change != nil {
		change(&r.Query)
	}
	require.NoError(t, h.Read(h.ctx, r, func(_ context.Context, rows supportgrant.Rows) error {
		for rows.Next() {
			values, dest := make([]any, len(r.Query.Columns)), make([]any, len(r.Query.Columns))
			for i := range dest {
				dest[i] = &values[i]
			}
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			out = append(out, values)
		}
		return rows.Err()
	}))
	return out
}

func (h *house) ids(t require.TestingT, g supportgrant.GrantRow, resource int, change func(*supportgrant.Query)) (out []int64) {
	for _, row := range h.rows(t, g, resource, change) {
		out = append(out, row[0].(int64))
	}
	return out
}

func match(c ...supportgrant.Condition) func(*supportgrant.Query) {
	return func(q *supportgrant.Query) { q.Match = c }
}

var postedAt = time.Date(2026, 3, 9, 8, 7, 6, 5_000, time.UTC)

var queryTests = []test{
	{"values come as they are", func(t *testing.T, h *house) {
		h.Fill(t, h.tenant, supportgrant.Row{"id": 1, "title": "Größe – \"q\"; DROP TABLE x", "score": 1.5, "at": postedAt, "blob": []byte{0, 1, 255}, "hidden": false, "careful": false,
			"profile": `{"city": "Zürich", "name": {"first": "Ann"}}`},
			supportgrant.Row{"id": 2, "hidden": false, "careful": false})
		g := h.approved(t, nil)
		r := h.reading(g)
		r.Query.Columns = []string{"title", "score", "at", "blob", "profile.city", "profile.name.first", "id", "id"}
		var title, city, first *string
		var score *float64
		var at *time.Time
		var blob []byte
		var id, again int64
		require.NoError(t, h.Read(h.ctx, r, func(_ context.Context, rows supportgrant.Rows) error {
			require.True(t, rows.Next())
			require.NoError(t, rows.Scan(&title, &score, &at, &blob, &city, &first, &id, &again))
			require.Equal(t, "Größe – \"q\"; DROP TABLE x", *title)
			require.Equal(t, 1.5, *score)
			require.True(t, at.Equal(postedAt), "%s", at)
			require.Equal(t, []byte{0, 1, 255}, blob)
			require.Equal(t, []string{"Zürich", "Ann"}, []string{*city, *first})
			require.Equal(t, []int64{1, 1}, []int64{id, again})
			require.True(t, rows.Next())
			require.NoError(t, rows.Scan(&title, &score, &at, &blob, &city, &first, &id, &again))
			require.Nil(t, title)
			require.Nil(t, score)
			require.Nil(t, at)
			require.Nil(t, blob)
			require.Nil(t, city)
			require.EqualValues(t, 2, id)
			require.False(t, rows.Next())
			return rows.Err()
		}))
	}},
	{"a path gives scalars as text, and never what has parts", func(t *testing.T, h *house) {
		for i, profile := range []string{`{"city": "Bern"}`, `{"city": 12.50}`, `{"city": true}`, `{"city": null}`, `{"city": {"token": "t0p"}}`, `{"city": ["t0p"]}`,
			`{}`, `[{"city": "t0p"}]`, `"t0p"`, `{"city": "{\"a\": 1}"}`, `{"name": {"first": "x"}, "city": false}`} {
			h.Fill(t, h.tenant, supportgrant.Row{"id": i + 1, "hidden": false, "careful": false, "profile": profile})
		}
		g := h.approved(t, nil)
		var got []any
		for _, row := range h.rows(t, g, 0, func(q *supportgrant.Query) { q.Columns = []string{"profile.city"} }) {
			if b, ok := row[0].([]byte); ok {
				row[0] = string(b)
			}
			got = append(got, row[0])
		}
		if got[1] == "12.5" { // who keeps JSON parsed
			got[1] = "12.50"
		}
		require.Equal(t, []any{"Bern", "12.50", "true", nil, nil, nil, nil, nil, nil, `{"a": 1}`, "false"}, got)
	}},
	{"only rows that may be read are, and with care only under a grant with care", func(t *testing.T, h *house) {
		for id, row := range []supportgrant.Row{{"hidden": false, "careful": false}, {"hidden": true, "careful": false}, {"careful": false}, {"hidden": false, "careful": true}, {"hidden": false}} {
			row["id"] = id
			h.Fill(t, h.tenant, row)
		}
		g, care := h.approved(t, nil), h.approved(t, func(g *supportgrant.GrantRow) { g.Care = true })
		require.Equal(t, []int64{0}, h.ids(t, g, 0, nil))
		require.Equal(t, []int64{0, 3, 4}, h.ids(t, care, 0, nil))
		require.Empty(t, h.ids(t, g, 0, match(supportgrant.Is("id", int64(3)))), "nor by their key")
		require.Empty(t, h.ids(t, g, 3, nil), "a resource that is all care")
		require.Equal(t, []int64{0, 3, 4}, h.ids(t, care, 3, nil))
		require.Equal(t, []int64{0}, h.ids(t, g, 1, nil), "of every resource of the table")
	}},
	{"rows are matched by value, and NULL by none", func(t *testing.T, h *house) {
		h.Fill(t, h.tenant,
			supportgrant.Row{"id": 1, "title": "a", "score": 1.5, "at": postedAt, "blob": []byte("x"), "profile": `{"city": "Bern"}`, "hidden": false, "careful": false},
			supportgrant.Row{"id": 2, "title": "a' OR '1'='1", "score": 2, "hidden": false, "careful": false},
			supportgrant.Row{"id": 3, "title": "a", "hidden": true, "careful": false})
		g := h.approved(t, nil)
		require.Equal(t, []int64{1}, h.ids(t, g, 0, match(supportgrant.Is("title", "a"))))
		require.Equal(t, []int64{2}, h.ids(t, g, 0, match(supportgrant.Is("title", "a' OR '1'='1"))))
		require.Equal(t, []int64{1}, h.ids(t, g, 0, match(supportgrant.Is("score", 1.5))))
		require.Equal(t, []int64{1}, h.ids(t, g, 0, match(supportgrant.Is("at", postedAt))))
		require.Equal(t, []int64{1}, h.ids(t, g, 0, match(supportgrant.Is("blob", []byte("x")))))
		require.Equal(t, []int64{1}, h.ids(t, g, 0, match(supportgrant.Is("profile.city", "Bern"))))
		require.Equal(t, []int64{1}, h.ids(t, g, 0, match(supportgrant.Is("title", "a"), supportgrant.Is("id", int64(1)))))
		require.Empty(t, h.ids(t, g, 0, match(supportgrant.Is("title", "a"), supportgrant.Is("id", int64(2)))))
	}},
	{"pages follow each other by key, and miss nothing", func(t *testing.T, h *house) {
		for id := 1; id <= 9; id++ {
			row := supportgrant.Row{"id": id, "hidden": false, "careful": false, "at": postedAt.Add(time.Duration(id%3) * time.Hour)}
			if id == 9 {
				row["at"] = nil
			}
			h.Fill(t, h.tenant, row)
		}
		g := h.approved(t, nil)
		require.Equal(t, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9}, h.ids(t, g, 0, nil))
		page := func(q *supportgrant.Query) { q.After, q.Limit = []any{int64(3)}, 4 }
		require.Equal(t, []int64{4, 5, 6, 7}, h.ids(t, g, 0, page))
		var got []any
		var after []any
		for {
			rows := h.rows(t, g, 2, func(q *supportgrant.Query) {
				q.Columns, q.After, q.Limit = []string{"id", "at", "id"}, after, 3
			})
			for _, r := range rows {
				got, after = append(got, r[0]), r[1:]
			}
			if len(rows) < 3 {
				break
			}
		}
		require.Equal(t, []any{int64(3), int64(6), int64(1), int64(4), int64(7), int64(2), int64(5), int64(8)}, got)
	}},
}

package discover

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

func splitName(s string) []string { return word.Split(s) }

// documents is how many values of a JSON column are looked at.
const documents = 100

// mayBeJSON reports whether the name of a text column says that it may hold JSON.
func mayBeJSON(name string) bool {
	return slices.ContainsFunc(word.Split(name), func(s string) bool {
		return s == "json" || s == "data" || s == "payload" || s == "metadata" || s == "meta" || s == "properties" || s == "props" || s == "extra" || s == "attributes" || s == "params" || s == "context" || s == "changes" || s == "object" || s == "settings"
	})
}

// members finds links to people inside of JSON: members whose names are those of links, where people have such keys.
func (s *sampler) members(t *table, col *schema.Column) ([]*candidate, error) {
	query := fmt.Sprintf("SELECT CAST(%s AS text) FROM %s WHERE %s IS NOT NULL LIMIT %d", schema.Quote(col.Name), s.w.db.SQL(t.Name), schema.Quote(col.Name), documents)
	found := map[string][]string{} // values by path
	err := schema.Try(s.ctx, s.q, func() error {
		rows, err := s.q.QueryContext(s.ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				return err
			}
			d := json.NewDecoder(strings.NewReader(text))
			d.UseNumber()
			var v any
			if d.Decode(&v) == nil {
				leaves(v, "", 8, found)
			}
		}
		return rows.Err()
	})
	if s.ctx.Err() != nil {
		return nil, s.ctx.Err()
	}
	if err != nil || len(s.w.roots) == 0 {
		return nil, nil
	}
	var out []*candidate
	for _, path := range slices.Sorted(maps.Keys(found)) {
		values := found[path]
		leaf := path[strings.LastIndex(path, ".")+1:]
		leaf = strings.TrimSuffix(leaf, "[]")
		if leaf == "id" { // author.id is an author
			leaf = strings.NewReplacer("[]", "", ".", "_").Replace(path)
		}
		if leaf == "" {
			continue
		}
		for _, r := range s.w.roots {
			c, err := s.member(t, col, path, leaf, r, values)
			if err != nil {
				return nil, err
			}
			if c != nil {
				out = append(out, c)
				break
			}
		}
	}
	return out, nil
}

// member returns the link that a member of JSON is, or nil.
func (s *sampler) member(t *table, col *schema.Column, path, leaf string, r *table, values []string) (*candidate, error) {
	key := r.Column(r.key)
	if key == nil {
		return nil, nil
	}
	n := s.w.parse(word.Split(leaf))
	last := n.stem[len(n.stem)-1]
	c := &candidate{Link: dsar.Link{Columns: []string{col.Name}, Path: path, To: r.Name, Role: dsar.Mentioned}, from: t, to: r, nullable: true, stem: n.stem, score: 0.75}
	target := r.key
	named := s.w.actorWord(last) || slices.Equal(n.stem, r.words) || (roleWords[last] && !weakRoles[last] && r == s.w.actor) || last == "by"
	if last == "email" || last == "mail" || addresses(values) {
		target = ""
		for _, u := range r.Columns {
			if strings.Contains(strings.ToLower(u.Name), "mail") && u.Family == schema.Text {
				target = u.Name
			}
		}
		c.Link = dsar.Link{Columns: []string{col.Name}, Path: path, Identifier: s.w.identifier, Role: dsar.Mentioned}
		named = true
	}
	if target == "" || !named && key.Family == schema.Int {
		return nil, nil
	}
	in := 0
	for i, v := range values {
		if i == 20 {
			values = values[:20]
			break
		}
		var hit int
		mark := "?"
		if s.w.db.Dialect == schema.Postgres {
			mark = "$1"
		}
		q := fmt.Sprintf("SELECT count(*) FROM %s WHERE lower(CAST(%s AS text)) = lower(%s)", s.w.db.SQL(r.Name), schema.Quote(target), mark)
		if err := schema.Try(s.ctx, s.q, func() error { return s.q.QueryRowContext(s.ctx, q, v).Scan(&hit) }); err != nil {
			return nil, s.ctx.Err()
		}
		in += min(hit, 1)
	}
	if in == 0 || in*2 < len(values) || !named && in < 3 {
		return nil, nil
	}
	c.note("%d of %d sampled members are in %s", in, len(values), r.Name)
	return c, nil
}

// addresses reports whether all values look like e-mail addresses, whatever the member is called: to, cc, recipient.
func addresses(values []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool {
		name, host, ok := strings.Cut(v, "@")
		return !ok || name == "" || strings.ContainsAny(v, " \t\n/") || !strings.Contains(host, ".")
	})
}

// leaves gathers the texts and numbers of a document by their paths; at most a hundred a path.
func leaves(v any, path string, depth int, into map[string][]string) {
	if depth == 0 || len(into) > 500 {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			at := k
			if path != "" {
				at = path + "." + k
			}
			leaves(v[k], at, depth-1, into)
		}
	case []any:
		for _, x := range v {
			leaves(x, path+"[]", depth-1, into)
		}
	case string, json.Number:
		if s := fmt.Sprint(v); s != "" && len(into[path]) < 100 && !slices.Contains(into[path], s) {
			into[path] = append(into[path], s)
		}
	}
}

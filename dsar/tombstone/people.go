package tombstone

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// People returns the Finder over db for the subjects of a map. born names, by the kind of a subject, the column of its table that
// tells when a row was made; a kind that is not in it has the first of created_at, created, inserted_at, created_on,
// registered_at, date_joined, joined_at that its table has, and "" none.
func People(db *tenantdb.DB, c *dsar.Compiled, born map[string]string) Finder {
	p := &people{db: db, of: map[string]root{}}
	for _, s := range c.Subjects() {
		r := root{Subject: s}
		r.table, _ = c.Table(s.Table)
		var told bool
		if r.born, told = born[s.Kind]; !told {
			at := slices.IndexFunc(bornNames, func(name string) bool { _, ok := r.table.Field(name); return ok })
			if at >= 0 {
				r.born = bornNames[at]
			}
		}
		p.of[s.Kind] = r
	}
	return p
}

var bornNames = []string{"created_at", "created", "createdat", "createdAt", "inserted_at", "created_on", "registered_at", "date_joined", "joined_at"}

type people struct {
	db *tenantdb.DB
	of map[string]root
}

// root is a subject's table.
type root struct {
	dsar.Subject
	table dsar.Mapped
	born  string
}

// ByKey implements [Finder].
func (p *people) ByKey(ctx context.Context, kind string, key []string) (Row, error) {
	r, ok := p.of[kind]
	switch {
	case !ok:
		return Row{}, fmt.Errorf("tombstone: the map has no subject of the kind")
	case r.Table == "":
		return Row{}, dsar.ErrNobody
	case len(key) != len(r.table.Key) || len(key) == 0:
		return Row{}, fmt.Errorf("tombstone: a key of %d columns for a table with %d", len(key), len(r.table.Key))
	}
	var where []string
	var args []any
	for i, c := range r.table.Key {
		where = append(where, schema.Quote(c)+" = ?")
		args = append(args, key[i])
	}
	rows, err := p.find(ctx, r, strings.Join(where, " AND "), args)
	if err != nil {
		return Row{}, err
	}
	for _, row := range rows {
		if slices.Equal(row.Key, key) {
			return row, nil
		}
	}
	return Row{}, dsar.ErrNobody
}

// ByKnown implements [Finder]. Case does not matter to it, nor what follows a + in an address: it says rather too often than too seldom
// that somebody has an identifier.
func (p *people) ByKnown(ctx context.Context, kind string, known map[string][]string) ([]Row, error) {
	r := p.of[kind]
	var where []string
	var args []any
	for _, id := range r.Identifiers {
		if id.Column == "" || r.Table == "" {
			continue
		}
		for _, v := range known[id.Name] {
			where = append(where, "lower("+p.text(id.Column)+") = ?")
			args = append(args, strings.ToLower(v))
			if local, host, ok := strings.Cut(v, "@"); ok && id.Form == dsar.Email {
				local, _, _ = strings.Cut(local, "+")
				where = append(where, "lower("+p.text(id.Column)+`) = ? OR lower(`+p.text(id.Column)+`) LIKE ? ESCAPE '\'`)
				args = append(args, strings.ToLower(local+"@"+host), likeEscape.Replace(strings.ToLower(local))+"+%@"+likeEscape.Replace(strings.ToLower(host)))
			}
		}
	}
	if len(where) == 0 {
		return nil, nil
	}
	return p.find(ctx, r, strings.Join(where, " OR "), args)
}

var likeEscape = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`)

func (p *people) find(ctx context.Context, r root, where string, args []any) (out []Row, err error) {
	var cols []string
	for _, c := range r.table.Key {
		cols = append(cols, p.text(c))
	}
	cols = append(cols, p.when(r))
	var names []string
	for _, id := range r.Identifiers {
		if id.Column != "" {
			names = append(names, id.Name)
			cols = append(cols, p.text(id.Column))
		}
	}
	query := "SELECT " + strings.Join(cols, ", ") + " FROM " + (&schema.Database{Dialect: schema.Dialect(p.db.Dialect())}).SQL(r.Table) + " WHERE " + where
	err = p.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		out = nil
		rows, err := tx.QueryContext(ctx, tx.Rebind(query), args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			values := make([]*string, len(cols))
			into := make([]any, len(cols))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				return errors.New("tombstone: a person's row cannot be read")
			}
			row := Row{Known: map[string][]string{}}
			for i, v := range values {
				switch {
				case i < len(r.table.Key) && v != nil:
					row.Key = append(row.Key, *v)
				case i == len(r.table.Key) && v != nil:
					row.Born = *v
				case i > len(r.table.Key) && v != nil && *v != "":
					name := names[i-len(r.table.Key)-1]
					row.Known[name] = append(row.Known[name], *v)
				}
			}
			out = append(out, row)
		}
		return rows.Err()
	})
	return out, err
}

func (p *people) text(column string) string { return "CAST(" + schema.Quote(column) + " AS text)" }

// when is the time of a row's making, whatever zone and format the session shows times in.
func (p *people) when(r root) string {
	if r.born == "" {
		return "CAST(NULL AS text)"
	}
	if f, _ := r.table.Field(r.born); p.db.Dialect() == tenantdb.Postgres && f.Family(schema.Postgres) == schema.Time {
		return "CAST(EXTRACT(EPOCH FROM " + schema.Quote(r.born) + ") AS text)"
	}
	return p.text(r.born)
}

package dsar

import (
	"slices"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// Classes returns the class of each classified column, by table and column, for whoever masks, shows or refuses by class.
// Columns that are plain are not in it.
func (c *Compiled) Classes() map[string]map[string]redact.Class {
	out := map[string]map[string]redact.Class{}
	for name, n := range c.tables {
		for _, col := range n.Columns {
			if out[name] == nil {
				out[name] = map[string]redact.Class{}
			}
			column, _ := split(col.Name)
			out[name][column] = col.Class
		}
	}
	return out
}

// SecretKeys returns the names of columns, and of members of JSON, that hold secrets, for redact.Keys: a value under such a key
// does not get into a log.
func (c *Compiled) SecretKeys() []string {
	var out []string
	for _, n := range c.tables {
		for _, col := range n.Columns {
			for _, x := range append([]Column{col}, col.Inside...) {
				if !x.Class.IsZero() && !x.Class.SupportMaySee() {
					name, _ := split(x.Name)
					out = append(out, lastPart(name))
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lastPart returns the member a path leads to.
func lastPart(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '.' {
			return path[i+1:]
		}
	}
	return path
}

// Allow returns the columns of people's rows that somebody may see who may see the classes, by table: the plain ones and those
// of the classes, in the order of the map. It is a list for a registry of support access. Columns of classes that support may
// never see are not in it, whatever the classes say; nor are columns about others, derived tables, and tables that are
// not personal.
func (c *Compiled) Allow(classes ...redact.Class) map[string][]string {
	out := map[string][]string{}
	for name, n := range c.tables {
		if len(n.reach) == 0 {
			continue
		}
		var columns []string
		for _, p := range n.Plain {
			column, _ := split(p)
			columns = append(columns, column)
		}
		for _, col := range n.Columns {
			if !col.Others && col.Class.SupportMaySee() && slices.Contains(classes, col.Class) && len(col.Inside) == 0 {
				column, _ := split(col.Name)
				columns = append(columns, column)
			}
		}
		if len(columns) > 0 {
			out[name] = columns
		}
	}
	return out
}

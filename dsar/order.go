package dsar

import (
	"slices"
	"strings"
)

// Step is one table's turn when a person is erased.
type Step struct {
	Table string
	// Wave counts from 0. Tables of one wave do not depend on each other; those of a later one need the earlier ones done.
	Wave int
	// Cut are columns of the table that are made null in its first wave, before any row of the cycle goes: each foreign key is
	// one entry, its columns separated by commas.
	Cut []string
	// Deferred says that the table is part of a cycle that nothing in the map breaks: its rows go in one transaction with
	// those of the other tables of the wave, with constraints checked at its end.
	Deferred bool
	// Capture says that the keys of the rows have to be noted before any step runs: the rows that lead to them go first.
	Capture bool
	// Repeat says that rows lead to further rows of tables of the same cycle, until no more are found.
	Repeat bool
}

// Steps returns the order of erasure: the rows that others lead to last, the person's own row among the last. Tables
// whose rows stay untouched are not in it.
func (c *Compiled) Steps() []Step {
	out := slices.Clone(c.steps)
	for i := range out {
		out[i].Cut = slices.Clone(out[i].Cut)
	}
	return out
}

// edge says that rows of from go before those of to.
type edge struct {
	from, to string
	cut      string // the columns that may be nulled to break it; "" if they may not
	at       string // the table these columns are of
}

func (c *compiler) order() {
	var names []string
	in := map[string]bool{}
	for name, n := range c.tables {
		if n.acted() {
			names = append(names, name)
			in[name] = true
		}
	}
	slices.Sort(names)
	var edges []edge
	leads := map[string][]string{} // ownership only: from a table to those its rows lead to
	for _, name := range names {
		n := c.tables[name]
		for _, l := range n.links {
			if l.to == nil || !in[l.to.Name] {
				continue
			}
			if l.Role != Reference {
				leads[l.to.Name] = append(leads[l.to.Name], name)
			}
			if l.to == n || len(l.When) > 0 || l.Path != "" {
				continue
			}
			e := edge{from: name, to: l.to.Name, at: name}
			cols := n
			if l.Inverse {
				e.from, e.to, e.at = l.to.Name, name, l.to.Name
				cols = l.to
			}
			refs := l.columns
			if l.Inverse {
				refs = l.targets
			}
			if slices.ContainsFunc(refs, func(r string) bool { return cols.columns[r].nullable() }) {
				e.cut = strings.Join(refs, ",")
			}
			edges = append(edges, e)
		}
	}
	cuts, deferred := map[string][]string{}, map[string]bool{}
	for {
		before := map[string][]string{}
		for _, e := range edges {
			before[e.from] = append(before[e.from], e.to)
		}
		broken := false
		for _, group := range components(names, before) {
			if len(group) == 1 {
				continue
			}
			i := slices.IndexFunc(edges, func(e edge) bool {
				return e.cut != "" && slices.Contains(group, e.from) && slices.Contains(group, e.to)
			})
			if i >= 0 {
				e := edges[i]
				cuts[e.at] = append(cuts[e.at], e.cut)
				edges = slices.DeleteFunc(edges, func(o edge) bool { return o == e })
			} else { // nothing to null: all of them together
				for _, name := range group {
					deferred[name] = true
				}
				edges = slices.DeleteFunc(edges, func(e edge) bool { return slices.Contains(group, e.from) && slices.Contains(group, e.to) })
				// Whoever waits for one of the group waits for all of it.
				for _, e := range slices.Clone(edges) {
					for _, name := range group {
						if slices.Contains(group, e.from) {
							edges = append(edges, edge{from: name, to: e.to})
						}
						if slices.Contains(group, e.to) {
							edges = append(edges, edge{from: e.from, to: name})
						}
					}
				}
			}
			broken = true
			break
		}
		if !broken {
			break
		}
	}
	wave := map[string]int{}
	for range names { // longest way from a leaf; the graph has no cycles now
		for _, e := range edges {
			wave[e.to] = max(wave[e.to], wave[e.from]+1)
		}
	}
	repeat := map[string]bool{}
	for _, group := range components(names, leads) {
		for _, name := range group {
			repeat[name] = len(group) > 1 || slices.Contains(leads[name], name)
		}
	}
	for _, name := range names {
		s := Step{Table: name, Wave: wave[name], Cut: slices.Compact(slices.Sorted(slices.Values(cuts[name]))), Deferred: deferred[name], Repeat: repeat[name]}
		for _, l := range c.tables[name].links { // what leads here is gone, cut or changed before its turn
			if l.to != nil && l.to.Name != name && in[l.to.Name] && l.Role != Reference &&
				(wave[l.to.Name] < wave[name] || l.Inverse || len(s.Cut) > 0 && overlaps(s.Cut, l.columns)) {
				s.Capture = true
			}
		}
		s.Capture = s.Capture || s.Repeat || s.Deferred
		c.steps = append(c.steps, s)
	}
	slices.SortStableFunc(c.steps, func(a, b Step) int { return a.Wave - b.Wave })
}

func overlaps(cut, columns []string) bool {
	return slices.ContainsFunc(cut, func(s string) bool {
		return slices.ContainsFunc(strings.Split(s, ","), func(col string) bool { return slices.Contains(columns, col) })
	})
}

// acted reports whether erasing somebody changes rows of the table.
func (n *node) acted() bool {
	if n.Derived != "" || len(n.reach) == 0 && !slices.ContainsFunc(n.links, func(l link) bool { return !l.Then.IsZero() }) {
		return false
	}
	return true
}

// components returns the strongly connected components of the graph, each sorted, by their first names (Tarjan).
func components(names []string, to map[string][]string) [][]string {
	var (
		out     [][]string
		stack   []string
		index   = map[string]int{}
		low     = map[string]int{}
		onStack = map[string]bool{}
		visit   func(string)
	)
	visit = func(v string) {
		index[v] = len(index) + 1
		low[v] = index[v]
		stack, onStack[v] = append(stack, v), true
		for _, w := range to[v] {
			if index[w] == 0 {
				visit(w)
				low[v] = min(low[v], low[w])
			} else if onStack[w] {
				low[v] = min(low[v], index[w])
			}
		}
		if low[v] != index[v] {
			return
		}
		var group []string
		for {
			w := stack[len(stack)-1]
			stack, onStack[w] = stack[:len(stack)-1], false
			group = append(group, w)
			if w == v {
				break
			}
		}
		slices.Sort(group)
		out = append(out, group)
	}
	for _, v := range names {
		if index[v] == 0 {
			visit(v)
		}
	}
	return out
}

package rbac

// flatRole is a role of a tenant's own, with what it inherits.
type flatRole struct {
	name    string
	machine bool
	set     *set // with what it inherits
	own     *set // without
	parents []RoleID
	unknown []string // permissions that the catalogue has not: they grant nothing
	dark    bool     // it, or one that it inherits, has something that the catalogue has not
	cyclic  bool     // it inherits from itself, which no write of this package makes: it grants nothing
}

// worth is what one holds who can change r: see [change.worth].
func (r *flatRole) worth() *set {
	if !r.dark {
		return r.set
	}
	s := r.set.and(r.set)
	s.add(everything.n)
	return s
}

// flatten gives each role what it inherits, whatever rows it is given: one role that is in a cycle or builds on what is not
// there grants nothing by it, and does not hurt another.
func flatten(c *Catalog, rows map[RoleID]*RoleRow) map[RoleID]*flatRole {
	f := flattening{c: c, rows: rows, done: make(map[RoleID]*flatRole, len(rows)), place: map[RoleID]int{}, low: map[RoleID]int{}}
	for id := range rows {
		if f.place[id] == 0 {
			f.visit(id)
		}
	}
	return f.done
}

// flattening is Tarjan's search for the strongly connected parts of the graph of roles, which it leaves parents first.
type flattening struct {
	c          *Catalog
	rows       map[RoleID]*RoleRow
	done       map[RoleID]*flatRole
	place, low map[RoleID]int
	path       []RoleID
	open       map[RoleID]bool
}

func (f *flattening) visit(id RoleID) {
	if f.open == nil {
		f.open = map[RoleID]bool{}
	}
	n := len(f.place) + 1
	f.place[id], f.low[id] = n, n
	f.path = append(f.path, id)
	f.open[id] = true
	row := f.rows[id]
	self := false
	for _, p := range row.Parents {
		self = self || p == id
		switch {
		case f.rows[p] == nil: // a role of the catalogue, or none
		case f.place[p] == 0:
			f.visit(p)
			f.low[id] = min(f.low[id], f.low[p])
		case f.open[p]:
			f.low[id] = min(f.low[id], f.place[p])
		}
	}
	if f.low[id] != f.place[id] {
		return
	}
	alone := f.path[len(f.path)-1] == id && !self
	for {
		last := f.path[len(f.path)-1]
		f.path = f.path[:len(f.path)-1]
		f.open[last] = false
		f.done[last] = f.flat(f.rows[last], !alone)
		if last == id {
			return
		}
	}
}

func (f *flattening) flat(row *RoleRow, cyclic bool) *flatRole {
	out := &flatRole{name: row.Name, machine: row.Machine, cyclic: cyclic, set: newSet(f.c), own: newSet(f.c)}
	if cyclic || row.Removed {
		return out
	}
	out.own, out.unknown = f.c.pick(row.Permissions)
	out.dark = len(out.unknown) > 0
	out.parents = row.Parents
	out.set.addAll(out.own)
	for _, p := range row.Parents {
		if r := f.c.byRole[p]; r != nil {
			out.set.addAll(f.c.flat[p])
		} else if r := f.done[p]; r != nil {
			out.set.addAll(r.set)
			out.dark = out.dark || r.dark
		} else {
			out.dark = true
		}
	}
	return out
}

package redact

// sought is a text that is looked for ahead of many places: it remembers how far the search has come, so that the text is
// read once however many places ask.
type sought struct {
	from, to int  // what is known of
	found    bool // it begins at to; else it does not begin before
}

// in returns where what find looks for begins first within [from, to), or -1. find returns how far behind its first argument that is;
// what it looks for has at most longest bytes.
func (q *sought) in(from, to, longest int, find func(from, to int) int) int {
	if from < q.from || from > q.to {
		*q = sought{from: from, to: from}
	}
	if !q.found && q.to < to {
		if k := find(q.to, to); k >= 0 {
			q.to, q.found = q.to+k, true
		} else {
			q.to = max(q.to, to-longest+1)
		}
	}
	if !q.found || q.to >= to {
		return -1
	}
	return q.to
}

func (q *sought) shift(n int) { q.from, q.to = q.from-n, q.to-n }

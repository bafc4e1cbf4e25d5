package consent

import (
	"fmt"
	"slices"
	"strings"
)

// cookieNames tells which category a cookie's name belongs to.
type cookieNames struct {
	exact map[string]Category
	// beginnings are sorted, and none is the beginning of another: so only the last one that is not above a name
	// can be its beginning.
	beginnings []beginning
}

type beginning struct {
	text string
	cat  Category
}

// compileNames refuses names that belong to two categories, so that it does not matter which rule is asked first.
func compileNames(purposes []Purpose) (cookieNames, error) {
	n := cookieNames{exact: map[string]Category{}}
	type declared struct {
		beginning
		purpose string
	}
	var starts []declared
	for i := range purposes {
		q := &purposes[i]
		for _, it := range q.Storage {
			if it.Kind != Cookie {
				continue
			}
			if it.Name == CookieName || it.Name == WidgetCookieName {
				return n, fmt.Errorf("purpose %q: the cookie of this package needs no declaration", q.Key)
			}
			if start, ok := strings.CutSuffix(it.Name, "*"); ok {
				starts = append(starts, declared{beginning{start, q.Category}, q.Key})
				continue
			}
			if c, ok := n.exact[it.Name]; ok && c != q.Category {
				return n, fmt.Errorf("purpose %q: a cookie of %s has the same name", q.Key, c)
			}
			n.exact[it.Name] = q.Category
		}
	}
	// Sorted, a beginning stands before all that it is the beginning of, and they follow it without a gap.
	slices.SortStableFunc(starts, func(a, b declared) int { return strings.Compare(a.text, b.text) })
	for _, s := range starts {
		if k := len(n.beginnings) - 1; k >= 0 && strings.HasPrefix(s.text, n.beginnings[k].text) {
			if n.beginnings[k].cat != s.cat {
				return n, fmt.Errorf("purpose %q: cookies of %s begin with the same", s.purpose, n.beginnings[k].cat)
			}
			continue
		}
		n.beginnings = append(n.beginnings, s.beginning)
	}
	for name, c := range n.exact {
		if b, ok := n.start(name); ok && b != c {
			return n, fmt.Errorf("a cookie of %s begins as those of %s do", c, b)
		}
	}
	return n, nil
}

// lookup returns the category of a cookie, and false for one that nobody declared.
func (n *cookieNames) lookup(name string) (Category, bool) {
	if c, ok := n.exact[name]; ok {
		return c, true
	}
	return n.start(name)
}

func (n *cookieNames) start(name string) (Category, bool) {
	lo, hi := 0, len(n.beginnings)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); n.beginnings[mid].text <= name {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 || !strings.HasPrefix(name, n.beginnings[lo-1].text) {
		return 0, false
	}
	return n.beginnings[lo-1].cat, true
}

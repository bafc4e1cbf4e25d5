package consent

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// checkCategories checks the categories that p names and adds them to named, which holds the key of every number ever used.
func checkCategories(p *Policy, named map[Category]string) error {
	seen := Set(0)
	for i := range p.Categories {
		c := &p.Categories[i]
		switch {
		case c.Category >= maxCategories:
			return fmt.Errorf("category %d: there are %d, from 0", c.Category, maxCategories)
		case seen.Has(c.Category):
			return fmt.Errorf("%s is there twice", c.Category)
		case c.Category < FirstOwn && c.Key == "":
			c.Key = builtinKeys[c.Category]
		case c.Category < FirstOwn && c.Key != builtinKeys[c.Category]:
			return fmt.Errorf("%s cannot have another key", c.Category)
		case !isKey(c.Key):
			return fmt.Errorf("%s has no key of a-z, 0-9, '-', '_' and '.'", c.Category)
		}
		seen |= c.Category.bit()
		for other, key := range named {
			if (other == c.Category) != (key == c.Key) {
				return fmt.Errorf("%s was %q before: a number that meant something is not used again", other, key)
			}
		}
		if c.Category >= FirstOwn && slices.Contains(builtinKeys[:], c.Key) {
			return fmt.Errorf("%s has the key of a built-in category", c.Category)
		}
		if err := checkTexts(c.Text); err != nil {
			return fmt.Errorf("%s: %w", c.Category, err)
		}
		named[c.Category] = c.Key
	}
	return nil
}

func checkPurposes(p *Policy, named map[Category]string) error {
	if len(p.Purposes) == 0 {
		return errors.New("it has no purposes")
	}
	if len(p.Purposes) > 1000 {
		return errors.New("it has more than 1,000 purposes, which nobody reads")
	}
	languages := slices.Sorted(maps.Keys(p.Purposes[0].Text))
	own := Set(0)
	for i := range p.Categories {
		own |= p.Categories[i].Category.bit()
		if !slices.Equal(languages, slices.Sorted(maps.Keys(p.Categories[i].Text))) {
			return fmt.Errorf("%s: it is not in the languages of the other texts", p.Categories[i].Category)
		}
	}
	keys := map[string]bool{}
	var takenAway, left Set
	for i := range p.Purposes {
		q := &p.Purposes[i]
		if !isKey(q.Key) {
			return fmt.Errorf("purpose %d has no key of a-z, 0-9, '-', '_' and '.'", i)
		}
		if keys[q.Key] {
			return fmt.Errorf("purpose %q is there twice", q.Key)
		}
		keys[q.Key] = true
		if err := checkPurpose(q, own, languages); err != nil {
			return fmt.Errorf("purpose %q: %w", q.Key, err)
		}
		if q.optOut() {
			takenAway |= q.Category.bit()
		} else {
			left |= q.Category.bit()
		}
	}
	for c := range (takenAway & left).All() {
		return fmt.Errorf("%s: some of its purposes sell or share data or target advertising, and some do not: one switch has one fate, give them a category of their own", c)
	}
	return nil
}

func checkPurpose(q *Purpose, own Set, languages []string) error {
	switch {
	case q.Category >= maxCategories:
		return fmt.Errorf("category %d: there are %d, from 0", q.Category, maxCategories)
	case q.Category >= FirstOwn && !own.Has(q.Category):
		return fmt.Errorf("%s is not among the policy's categories", q.Category)
	case q.Category == Essential && q.optOut():
		return errors.New("what sells or shares data or targets advertising is not essential")
	case q.Category == Marketing && !q.optOut():
		return errors.New("marketing says whether it is Sale, Share or TargetedAds, or is another category")
	}
	if slices.Contains(q.Data, "") || slices.Contains(q.Recipients, "") {
		return errors.New("a category of data or a recipient has no name")
	}
	if err := checkTexts(q.Text); err != nil {
		return err
	}
	if !slices.Equal(languages, slices.Sorted(maps.Keys(q.Text))) {
		return errors.New("it is not in the languages of the other texts")
	}
	for i := range q.Storage {
		if err := checkItem(&q.Storage[i]); err != nil {
			return fmt.Errorf("storage %d: %w", i, err)
		}
	}
	return nil
}

func checkTexts(texts map[string]Text) error {
	if len(texts) == 0 {
		return errors.New("it has no text")
	}
	for lang, t := range texts {
		switch {
		case !isLanguage(lang):
			return fmt.Errorf("%q is no language tag", lang)
		case t.Title == "" || t.Body == "":
			return fmt.Errorf("its text in %q lacks a title or a body", lang)
		}
	}
	return nil
}

func checkItem(it *Item) error {
	switch {
	case int(it.Kind) >= len(kindNames):
		return errors.New("its kind is unknown")
	case it.Name == "" || it.Name == "*":
		return errors.New("it has no name")
	case it.TTL < 0 || it.MaxBytes < 0 || it.MaxEntries < 0:
		return errors.New("a bound is below 0")
	case it.Kind != Cookie && (it.Path != "" || it.Domain != ""):
		return errors.New("only cookies have a path and a domain")
	case it.Kind == Cookie && !isCookieName(it.Name):
		return errors.New("it is not the name of a cookie, with or without one '*' at its end")
	}
	return nil
}

// widens reports how a yes to old would cover more by now.
func widens(old, now *Policy) error {
	if now.Lasts > old.Lasts {
		return errors.New("it would last longer")
	}
	was := map[string]*Purpose{}
	had := Set(0)
	for i := range old.Purposes {
		was[old.Purposes[i].Key] = &old.Purposes[i]
		had |= old.Purposes[i].Category.bit()
	}
	for i := range now.Purposes {
		q := &now.Purposes[i]
		if !had.Has(q.Category) || q.Category == Essential {
			continue // nobody has said yes to it: it is asked for
		}
		o := was[q.Key]
		switch {
		case o == nil:
			return fmt.Errorf("purpose %q is new in %s", q.Key, q.Category)
		case o.Category != q.Category:
			return fmt.Errorf("purpose %q came to %s", q.Key, q.Category)
		case q.Sale && !o.Sale || q.Share && !o.Share || q.TargetedAds && !o.TargetedAds:
			return fmt.Errorf("purpose %q did not sell, share or target before", q.Key)
		case slices.ContainsFunc(q.Data, func(d string) bool { return !slices.Contains(o.Data, d) }):
			return fmt.Errorf("purpose %q is about more data", q.Key)
		case slices.ContainsFunc(q.Recipients, func(d string) bool { return !slices.Contains(o.Recipients, d) }):
			return fmt.Errorf("purpose %q has more recipients", q.Key)
		}
		for _, it := range q.Storage {
			if !slices.ContainsFunc(o.Storage, func(b Item) bool { return b.Kind == it.Kind && b.Name == it.Name && b.TTL >= it.TTL }) {
				return fmt.Errorf("purpose %q stores more, or longer", q.Key)
			}
		}
	}
	return nil
}

func isKey(s string) bool {
	if s == "" || len(s) > 40 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// isLanguage reports whether s has the form of a language tag (RFC 5646): "de", "pt-BR", "zh-Hant".
func isLanguage(s string) bool {
	part, n := 0, 0
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == '-' {
			if n < 2-min(part, 1) || n > 8 || part == 0 && n > 3 {
				return false
			}
			part, n = part+1, 0
			continue
		}
		letter, digit := s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z', s[i] >= '0' && s[i] <= '9'
		if !letter && (!digit || part == 0) {
			return false
		}
		n++
	}
	return len(s) <= 35
}

// isCookieName reports whether s is a token (RFC 6265, section 4.1.1) of at most 256 bytes, but for a '*' at its end.
func isCookieName(s string) bool {
	if len(s) > 256 {
		return false
	}
	for i := range len(s) {
		if !tokenByte[s[i]] || s[i] == '*' && i != len(s)-1 {
			return false
		}
	}
	return true
}

var tokenByte = func() (t [256]bool) {
	for c := byte('!'); c < 0x7f; c++ {
		t[c] = true
	}
	for _, c := range []byte(`"(),/:;<=>?@[\]{}`) {
		t[c] = false
	}
	return t
}()

// clonePolicy copies p so deep that its owner cannot change the copy.
func clonePolicy(p Policy) Policy {
	p.Categories = slices.Clone(p.Categories)
	for i := range p.Categories {
		p.Categories[i].Text = maps.Clone(p.Categories[i].Text)
	}
	p.Purposes = slices.Clone(p.Purposes)
	for i := range p.Purposes {
		p.Purposes[i].Text = maps.Clone(p.Purposes[i].Text)
		p.Purposes[i].Storage = slices.Clone(p.Purposes[i].Storage)
		p.Purposes[i].Data, p.Purposes[i].Recipients = slices.Clone(p.Purposes[i].Data), slices.Clone(p.Purposes[i].Recipients)
	}
	return p
}

package discover

import (
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
)

// name is a column's name taken apart.
type name struct {
	whole  []string // as they stand there
	words  []string // in the singular
	stem   []string // without key words
	keyed  bool     // it says that it is a key
	plural bool     // user_ids
	before bool     // the key word stands in front: id_user
	middle int      // words behind a key word in the middle: user_id_from; 0 if none
}

// parse takes the words of a column's name apart.
func (w *world) parse(ws []string) name {
	var cut []string
	for _, s := range ws {
		if len(s) > 4 && !w.vocab[word.Singular(s)] {
			if parts := word.Segment(s, func(s string) bool { return w.vocab[s] }); parts != nil {
				cut = append(cut, parts...)
				continue
			}
		}
		cut = append(cut, s)
	}
	ws = cut
	n := name{whole: ws}
	for i, s := range ws {
		one := word.Singular(s)
		if full, ok := abbreviations[one]; ok {
			one = full
		}
		if i == len(ws)-1 && one != s && (keyWords[one] || len(ws) == 1) {
			n.plural = true
		}
		n.words = append(n.words, one)
	}
	stem := slices.Clone(n.words)
	for len(stem) > 1 && (keyWords[stem[len(stem)-1]] && !(n.keyed && stem[len(stem)-1] == "key") || stem[len(stem)-1] == "uid") { // developer_key_id is of a key
		stem, n.keyed = stem[:len(stem)-1], true
	}
	for len(stem) > 1 && (stem[0] == "id" || stem[0] == "fk" || stem[0] == "ref" || stem[0] == "f" && n.keyed) {
		stem, n.keyed, n.before = stem[1:], true, true
	}
	for i := 1; i < len(stem)-1; i++ {
		if keyWords[stem[i]] {
			behind := stem[i+1:]
			stem = append(slices.Clone(stem[:i]), behind...)
			n.keyed, n.middle = true, len(behind)
			break
		}
	}
	n.stem = stem
	return n
}

func joined(ws []string) string { return strings.Join(ws, "") }

var genericKeys = map[string]bool{"id": true, "uuid": true, "guid": true, "key": true, "pk": true, "name": true, "code": true, "slug": true, "oid": true, "uid": true,
	"token": true, "version": true, "number": true, "no": true, "title": true, "type": true, "value": true, "path": true, "url": true, "hash": true, "email": true, "date": true, "sid": true}

// generic reports whether a key is called as those of many tables are, which says nothing of the table.
func (w *world) generic(key string) bool {
	key = strings.ToLower(key)
	return genericKeys[key] || w.keys[key]*4 > len(w.tables) && w.keys[key] > 3
}

func allDigits(words []string) bool {
	for _, s := range words {
		if strings.Trim(s, "0123456789") != "" && s != "a" && s != "b" && s != "one" && s != "two" && s != "first" && s != "second" {
			return false
		}
	}
	return len(words) > 0
}

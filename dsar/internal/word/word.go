// Package word takes the names of tables and columns apart.
package word

import (
	"strings"
	"unicode"
)

// Split returns the words of a name in small letters: createdByUserID and created_by_user_id are created, by, user, id.
// Digits are words of their own.
func Split(name string) []string {
	var out []string
	rs := []rune(name)
	start := 0
	flush := func(end int) {
		if end > start {
			out = append(out, strings.ToLower(string(rs[start:end])))
		}
		start = end
	}
	for i, r := range rs {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush(i)
			start = i + 1
		case i == start:
		case unicode.IsDigit(r) != unicode.IsDigit(rs[i-1]):
			flush(i)
		case unicode.IsUpper(r) && unicode.IsLower(rs[i-1]):
			flush(i)
		case unicode.IsUpper(r) && unicode.IsUpper(rs[i-1]) && i+1 < len(rs) && unicode.IsLower(rs[i+1]) &&
			!(rs[i+1] == 's' && i+2 == len(rs)): // userIDs
			flush(i)
		}
	}
	flush(len(rs))
	return out
}

var irregular = map[string]string{
	"people": "person", "persons": "person", "children": "child", "men": "man", "women": "woman", "data": "data", "news": "news", "series": "series",
	"media": "media", "aliases": "alias", "statuses": "status", "bonuses": "bonus", "campuses": "campus", "viruses": "virus", "buses": "bus",
	"caches": "cache", "indices": "index", "matrices": "matrix", "vertices": "vertex", "analyses": "analysis", "bases": "base", "us": "us", "address": "address",
	"movies": "movie", "cookies": "cookie", "ties": "tie", "employees": "employee", "attendees": "attendee", "trainees": "trainee",
	"criteria": "criterion", "phenomena": "phenomenon", "leaves": "leave", "lives": "life", "sms": "sms", "gps": "gps", "dns": "dns", "https": "https", "utils": "utils",
}

// Singular returns the singular of an English word, or something that is the same for singular and plural.
func Singular(w string) string {
	if s, ok := irregular[w]; ok {
		return s
	}
	switch {
	case len(w) < 4 && w != "ids":
		return w
	case strings.HasSuffix(w, "ies"):
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "sses"), strings.HasSuffix(w, "xes"), strings.HasSuffix(w, "ches"), strings.HasSuffix(w, "shes"), strings.HasSuffix(w, "zzes"):
		return w[:len(w)-2]
	case strings.HasSuffix(w, "ss"), strings.HasSuffix(w, "us"), strings.HasSuffix(w, "is"):
		return w
	case strings.HasSuffix(w, "s"):
		return w[:len(w)-1]
	}
	return w
}

// Segment takes a word without boundaries, such as createdby or useridfrom, apart into words of the vocabulary, the fewest
// there can be. It returns nil if they do not cover it.
func Segment(w string, known func(string) bool) []string {
	best := make([][]string, len(w)+1)
	best[0] = []string{}
	for end := 1; end <= len(w); end++ {
		for start := range end {
			if best[start] == nil || !known(w[start:end]) {
				continue
			}
			if best[end] == nil || len(best[start])+1 < len(best[end]) {
				best[end] = append(append([]string{}, best[start]...), w[start:end])
			}
		}
	}
	return best[len(w)]
}

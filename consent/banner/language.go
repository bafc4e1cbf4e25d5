package banner

import (
	"slices"
	"strconv"
	"strings"
)

// parent returns a language tag without its last part, "" for one of one part (RFC 4647, section 3.4).
func parent(tag string) string {
	i := strings.LastIndexByte(tag, '-')
	if i < 0 {
		return ""
	}
	return tag[:i]
}

// preferred returns the one of langs that an Accept-Language field asks for most, by the lookup of RFC 4647, section 3.4, and langs[0]
// where it asks for none of them. "pt" is also answered with "pt-BR".
func preferred(langs []string, accept string) string {
	best, weight := langs[0], 0.0
	for i, part := range strings.Split(accept, ",") {
		if i == 32 {
			break // nobody reads so many
		}
		tag, params, _ := strings.Cut(part, ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(v, 64); err != nil || q > 1 {
				continue
			}
		}
		if lang := match(langs, strings.TrimSpace(tag)); lang != "" && q > weight { // of equal ones the first; NaN is above nothing
			best, weight = lang, q
		}
	}
	return best
}

// match returns the one of langs that answers a tag, "" if none does.
func match(langs []string, tag string) string {
	for t := tag; t != ""; t = parent(t) {
		if i := slices.IndexFunc(langs, func(l string) bool { return strings.EqualFold(l, t) }); i >= 0 {
			return langs[i]
		}
	}
	primary, _, _ := strings.Cut(tag, "-")
	i := slices.IndexFunc(langs, func(l string) bool {
		p, _, _ := strings.Cut(l, "-")
		return strings.EqualFold(p, primary)
	})
	if i < 0 {
		return ""
	}
	return langs[i]
}

// direction returns in which direction a language is written.
func direction(lang string) string {
	primary, rest, _ := strings.Cut(strings.ToLower(lang), "-")
	switch {
	case strings.HasPrefix(rest, "latn"):
		return "ltr"
	case slices.Contains([]string{"ar", "he", "fa", "ur", "yi", "ps", "sd", "ug", "ckb", "dv"}, primary):
		return "rtl"
	}
	return "ltr"
}

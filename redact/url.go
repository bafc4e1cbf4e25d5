package redact

import (
	"net/url"
	"slices"
	"strings"
)

// URL returns the text of u with what is sensitive replaced: user and password always, parameters of the query and the
// fragment by their names (those of signed URLs and of OAuth answers too) and values, and what the path shows.
// The text is for people and logs; it need not parse as a URL again.
func (r *Redactor) URL(u *url.URL) string {
	if u == nil {
		return ""
	}
	w := r.walk()
	defer w.done()
	return w.address(u)
}

// Query returns the encoded form of q, sorted by key, with what is sensitive replaced.
func (r *Redactor) Query(q url.Values) string {
	w := r.walk()
	defer w.done()
	var b strings.Builder
	keys := make([]string, 0, len(q))
	for k := range q {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		for _, v := range q[k] {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			if !w.node(1) {
				b.WriteString(overLimit)
				return b.String()
			}
			b.WriteString(w.pair(url.QueryEscape(k) + "=" + url.QueryEscape(v)))
		}
	}
	return b.String()
}

func (w *walker) address(u *url.URL) string {
	if u == nil {
		return ""
	}
	var b strings.Builder
	if u.Scheme != "" {
		b.WriteString(w.text(nil, u.Scheme))
		b.WriteByte(':')
	}
	if u.Opaque != "" {
		b.WriteString(w.text(nil, u.Opaque))
	} else {
		if u.Host != "" || u.User != nil || u.Scheme != "" && strings.HasPrefix(u.Path, "//") {
			b.WriteString("//")
			if user := u.User.String(); user != "" {
				if t, changed := w.replaced(UserInfo, "userinfo", []byte(user)); changed {
					user = t
				}
				b.WriteString(user)
				b.WriteByte('@')
			}
			b.WriteString(w.text(nil, u.Host))
		}
		path := u.Path
		if t := w.path(path); t != path {
			b.WriteString(t)
		} else {
			b.WriteString(u.EscapedPath())
		}
	}
	if u.ForceQuery || u.RawQuery != "" {
		b.WriteByte('?')
		b.WriteString(w.pairs(u.RawQuery))
	}
	if u.Fragment != "" {
		b.WriteByte('#')
		b.WriteString(w.fragment(u.EscapedFragment()))
	}
	return b.String()
}

// path redacts the segments of a path one by one, and then the whole: a segment behind one called "token" or "reset" is a
// value with a name.
func (w *walker) path(p string) string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		var f *field
		if i > 0 && len(segments[i-1]) > 2 {
			f = w.r.field(segments[i-1])
			if f.hide >= hideText || f.hide == hideCookie {
				f = &field{hide: hideShape, rule: f.rule, who: f.who}
			}
		}
		segments[i] = w.text(f, s)
	}
	return w.text(nil, strings.Join(segments, "/"))
}

// fragment redacts a fragment, which in answers of OAuth is a form.
func (w *walker) fragment(s string) string {
	if strings.Contains(s, "=") {
		return w.pairs(s)
	}
	if t, err := url.PathUnescape(s); err == nil {
		if u := w.text(nil, t); u != t {
			return u
		}
		return s
	}
	return w.text(nil, s)
}

// link redacts a text that is a URL.
func (w *walker) link(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return w.text(nil, s)
	}
	if t := w.address(u); t != u.String() {
		return t
	}
	return w.text(nil, s)
}

// pairs redacts a query or form, in its order.
func (w *walker) pairs(s string) string {
	if s == "" {
		return s
	}
	var b strings.Builder
	for {
		i := strings.IndexAny(s, "&;")
		if !w.node(1) {
			b.WriteString(overLimit)
			return b.String()
		}
		if i < 0 {
			b.WriteString(w.pair(s))
			return b.String()
		}
		b.WriteString(w.pair(s[:i]))
		b.WriteByte(s[i])
		s = s[i+1:]
	}
}

// pair redacts one parameter.
func (w *walker) pair(s string) string {
	rawKey, raw, ok := strings.Cut(s, "=")
	key, err := url.QueryUnescape(rawKey)
	if err != nil {
		key = rawKey
	}
	if !ok {
		if t := w.text(nil, key); t != key {
			return t
		}
		return s
	}
	f := w.r.field(key)
	value, err := url.QueryUnescape(raw)
	if err != nil {
		value = raw
	}
	if f.name != key {
		rawKey = escapePair(f.name)
	}
	if f.hide < hideText && w.r.on[Credential] && len(value) >= 6 && bearerParameters[strings.ToLower(key)] && !settled([]byte(value)) {
		return rawKey + "=" + w.hidden(&field{rule: "key-url"})
	}
	if t := w.text(f, value); t != value {
		return rawKey + "=" + escapePair(t)
	}
	return rawKey + "=" + raw
}

// bearerParameters are parameters of URLs with which whoever holds the URL gets in.
var bearerParameters = map[string]bool{"code": true, "sig": true, "signature": true, "x-amz-signature": true, "x-goog-signature": true,
	"x-amz-security-token": true, "assertion": true, "client_assertion": true, "samlresponse": true, "samlrequest": true, "ticket": true,
	"code_verifier": true, "device_code": true, "user_code": true, "key": true, "hmac": true}

// escapePair escapes what would end a parameter or a log line, and leaves labels readable.
func escapePair(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ' || c == '&' || c == ';' || c == '#' || c == '%' || c == '+' || c == '"' || c == '\\' || c >= 0x7F:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

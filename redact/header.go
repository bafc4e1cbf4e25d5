package redact

import (
	"net/http"
	"strings"
)

// Header returns a copy of h with what is sensitive replaced. Names of headers and of cookies, authentication schemes and
// the attributes of Set-Cookie stay; names count in any spelling.
func (r *Redactor) Header(h http.Header) http.Header {
	if h == nil {
		return nil
	}
	w := r.walk()
	defer w.done()
	return w.header(h)
}

func (w *walker) header(h http.Header) http.Header {
	n := make(http.Header, len(h))
	for k, vs := range h {
		f := w.r.field(k)
		to := n[f.name]
		for _, v := range vs {
			if !w.node(1) {
				to = append(to, overLimit)
				break
			}
			to = append(to, w.headerValue(f, v))
		}
		n[f.name] = to
	}
	return n
}

func (w *walker) headerValue(f *field, v string) string {
	if f.hide >= hideText {
		if scheme, rest, ok := strings.Cut(v, " "); ok && rest != "" && schemes[strings.ToLower(scheme)] {
			return scheme + " " + w.hidden(f)
		}
	}
	if strings.Contains(v, "://") || strings.HasPrefix(v, "/") && strings.Contains(v, "?") {
		if f.hide == hideNothing {
			return w.link(v)
		}
	}
	return w.text(f, v)
}

// schemes are the registered HTTP authentication schemes and a few in use.
var schemes = map[string]bool{"basic": true, "bearer": true, "digest": true, "dpop": true, "gnap": true, "hoba": true, "mutual": true,
	"negotiate": true, "ntlm": true, "oauth": true, "privatetoken": true, "token": true, "apikey": true, "aws4-hmac-sha256": true}

// cookies replaces the values of a Cookie header, or of a Set-Cookie header that goes on with attributes.
func (w *walker) cookies(s string, set bool) string {
	var b strings.Builder
	for n := 0; ; n++ {
		part, rest, more := strings.Cut(s, ";")
		name, value, ok := strings.Cut(part, "=")
		switch {
		case set && n > 0 && !cookieAttribute(name):
			b.WriteString(w.text(nil, part))
		case set && n > 0:
			b.WriteString(part)
		case !ok:
			if strings.TrimSpace(part) != "" {
				b.WriteString(labels[Credential])
			}
		default:
			b.WriteString(w.text(nil, name))
			b.WriteByte('=')
			b.WriteString(w.cookieValue(value))
		}
		if !more {
			return b.String()
		}
		b.WriteByte(';')
		s = rest
	}
}

func (w *walker) cookieValue(v string) string {
	q := strings.Trim(v, `" `)
	if settled([]byte(q)) {
		return v
	}
	if t, changed := w.replaced(Credential, "cookie", []byte(v)); changed {
		return t
	}
	return v
}

func cookieAttribute(name string) bool {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "path", "domain", "expires", "max-age", "secure", "httponly", "samesite", "partitioned", "priority":
		return true
	}
	return false
}

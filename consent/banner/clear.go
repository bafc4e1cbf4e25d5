package banner

import (
	"net/http"
	"strings"

	"github.com/bailiwick-dev/bailiwick/consent"
)

// clear tells the browser to delete what is denied by now: cookies that were declared, with the path and domain they were declared with,
// and all storage if nothing that is allowed stores anything. Clear-Site-Data knows no names: "cookies" would end the session, too, and
// "storage" would take what is allowed. What a script stored is deleted by the banner's script.
func (b *Banner) clear(w http.ResponseWriter, r *http.Request, was, now consent.Decision, e *edition) {
	if e == nil {
		return
	}
	sent := map[string]bool{}
	for _, c := range r.Cookies() {
		sent[c.Name] = true
	}
	lost, stays := false, false // storage that scripts fill
	for _, q := range e.policy.Purposes {
		for _, it := range q.Storage {
			switch {
			case it.Kind != consent.Cookie:
				stays = stays || now.Allows(q.Category)
				lost = lost || was.Allows(q.Category) && !now.Allows(q.Category)
			case !now.Allows(q.Category):
				b.expire(w, it, sent, was.Allows(q.Category))
			}
		}
	}
	if lost && !stays {
		w.Header().Set("Clear-Site-Data", `"storage"`)
	}
}

// expire deletes the cookies of it: those that came with the request, and one that was allowed also unseen, since it may have another path.
func (b *Banner) expire(w http.ResponseWriter, it consent.Item, sent map[string]bool, unseen bool) {
	start, several := strings.CutSuffix(it.Name, "*")
	if !several {
		if sent[it.Name] || unseen {
			b.expireOne(w, it.Name, it)
		}
		return
	}
	for name := range sent {
		if strings.HasPrefix(name, start) {
			b.expireOne(w, name, it)
		}
	}
}

func (b *Banner) expireOne(w http.ResponseWriter, name string, it consent.Item) {
	c := http.Cookie{Name: name, Path: it.Path, Domain: it.Domain, MaxAge: -1, Secure: true}
	if c.Path == "" {
		c.Path = "/"
	}
	http.SetCookie(w, &c)
	if b.m.Widget() { // in a frame cookies are kept by the site around it, or were before browsers did that
		c.SameSite, c.Partitioned = http.SameSiteNoneMode, true
		http.SetCookie(w, &c)
	}
}

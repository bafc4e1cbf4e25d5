package banner

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// maxForm is how many bytes an answer may have.
const maxForm = 4 << 10

var errField = errors.New("consent/banner: not an answer of this form")

// choose takes the banner's form: its button, and the switches that are on.
func (b *Banner) choose(w http.ResponseWriter, r *http.Request) {
	if !readForm(w, r) {
		return
	}
	d, e := b.decision(r)
	if e == nil {
		b.refuse(w, r, consent.ErrOutdated)
		return
	}
	a, err := e.answer(d, r)
	if err == nil && a.Grant != 0 && !a.OptOut && !b.m.Widget() && framed(r) {
		err = consent.ErrForged
	}
	if err != nil {
		b.refuse(w, r, err)
		return
	}
	out, err := b.m.Choose(w, r, a)
	b.taken(w, r, d, e, out.Decision, err)
}

// withdraw takes back all that was agreed to. What was opted out of stays so.
func (b *Banner) withdraw(w http.ResponseWriter, r *http.Request) {
	if !readForm(w, r) {
		return
	}
	d, e := b.decision(r)
	out, err := b.m.Withdraw(w, r)
	b.taken(w, r, d, e, out.Decision, err)
}

func readForm(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		http.Error(w, "too much for an answer", http.StatusRequestEntityTooLarge)
		return false
	}
	if err != nil {
		http.Error(w, "not a form", http.StatusBadRequest)
		return false
	}
	return true
}

// framed reports whether a browser says that r is a form of a page in a frame. Such a page may be under a button of another site, which gets
// the click. The script leaves forms in frames to the browser, so that they say so.
func framed(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "iframe", "frame", "embed", "object", "fencedframe":
		return true
	}
	return false
}

// answer reads the form. The policy's version, the time and the user are not in it.
func (e *edition) answer(d consent.Decision, r *http.Request) (consent.Answer, error) {
	a := consent.Answer{}
	stays := d.Allowed() & e.all()
	f := r.PostForm
	do, key, _ := strings.Cut(f.Get("do"), ":")
	switch do {
	case "reject":
		return a, nil
	case "accept":
		a.Grant = e.all()
	case "save":
		for _, key := range f["grant"] {
			c, ok := e.category(key)
			if !ok {
				return a, consent.ErrNotAsked
			}
			a.Grant |= consent.Of(c)
		}
	case "optout":
		a.Grant, a.OptOut = stays&^e.optOut, true
	case "confirm":
		c, ok := e.category(key)
		if !ok {
			return a, consent.ErrNotAsked
		}
		a.Grant, a.Confirm = stays|consent.Of(c), true
	default:
		return a, errField
	}
	var err error
	if a.Document, err = consent.ParseHash(f.Get("text")); err != nil && a.Grant != 0 {
		return a, errField
	}
	return a, nil
}

func (e *edition) category(key string) (consent.Category, bool) {
	i := slices.IndexFunc(e.categories, func(c category) bool { return c.key == key })
	if i < 0 {
		return 0, false
	}
	return e.categories[i].Category, true
}

// taken has what is denied by now deleted, and answers: with the state, or with the way back to the page. A no that the ledger does not have
// holds in this browser, and is to be tried again.
func (b *Banner) taken(w http.ResponseWriter, r *http.Request, was consent.Decision, e *edition, now consent.Decision, err error) {
	if now.Version() != 0 {
		b.clear(w, r, was, now, e)
	}
	switch {
	case err != nil:
		if now.Version() != 0 && b.o.Failed != nil {
			b.o.Failed(r.Context(), err)
		}
		b.refuse(w, r, err)
	case wantsState(r):
		writeState(w, now, b.editions[now.Version()])
	default:
		goBack(w, r)
	}
}

// refuse says why an answer was not taken. A page whose text is old is shown anew.
func (b *Banner) refuse(w http.ResponseWriter, r *http.Request, err error) {
	code, text := http.StatusServiceUnavailable, "the choice could not be saved everywhere: please try again"
	switch {
	case errors.Is(err, consent.ErrOutdated):
		if !wantsState(r) {
			goBack(w, r)
			return
		}
		code, text = http.StatusConflict, "the text has changed: please choose again"
	case errors.Is(err, consent.ErrForged):
		code, text = http.StatusForbidden, "the choice did not come from this site"
	case errors.Is(err, consent.ErrNotConfirmed):
		code, text = http.StatusForbidden, "the opt-out signal cannot be overridden here"
	case errors.Is(err, consent.ErrNotAsked), errors.Is(err, errField):
		code, text = http.StatusBadRequest, "not an answer to what was asked"
	case errors.Is(err, tenancy.ErrNoTenant):
		code, text = http.StatusNotFound, "there is no such site"
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, text, code)
}

func wantsState(r *http.Request) bool { return r.Header.Get("Accept") == "application/json" }

func goBack(w http.ResponseWriter, r *http.Request) {
	to, _ := back(r.PostForm.Get("back"))
	w.Header().Set("Location", to) // as it is: http.Redirect would clean the path
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusSeeOther)
}

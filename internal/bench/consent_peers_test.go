//go:build peers

package bench

import (
	"net/http"
	"testing"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/gorilla/securecookie"
)

func init() {
	consentPeers = append(consentPeers,
		consentPeer{"net_http", netHTTPConsent},
		consentPeer{"securecookie", securecookieConsent},
		consentPeer{"cedar", cedarConsent})
	consentGuards = append(consentGuards, consentGuard{"parse", parseGuard})
}

// netHTTPConsent is the floor's cookie, found by net/http.
func netHTTPConsent(testing.TB) (func(uint16) string, func(*http.Request) uint16) {
	s := newSealedConsent()
	return s.seal, func(r *http.Request) uint16 {
		var granted, policy uint16
		ok := false
		if c, err := r.Cookie(consentCookie); err == nil {
			granted, policy, ok = s.open(c.Value)
		}
		return ruleOf(r.Header, granted, policy, ok)
	}
}

// storedConsent is what securecookie keeps, as JSON, which is the faster of its encodings.
type storedConsent struct {
	Granted, Policy uint16
	At              int64
	Subject         []byte
}

func securecookieConsent(tb testing.TB) (func(uint16) string, func(*http.Request) uint16) {
	sc := securecookie.New([]byte("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"), nil)
	sc.SetSerializer(securecookie.JSONEncoder{})
	return func(granted uint16) string {
			v, err := sc.Encode(consentCookie, storedConsent{granted, 7, 1767225600, make([]byte, 12)})
			if err != nil {
				tb.Fatal(err)
			}
			return v
		}, func(r *http.Request) uint16 {
			var s storedConsent
			ok := false
			if c, err := r.Cookie(consentCookie); err == nil {
				ok = sc.Decode(consentCookie, c.Value, &s) == nil
			}
			return ruleOf(r.Header, s.Granted, s.Policy, ok)
		}
}

const consentCedar = `
permit(principal, action == Consent::"use", resource == Category::"essential");
permit(principal, action == Consent::"use", resource) when { context.chosen && context.granted.contains(resource) };
forbid(principal, action == Consent::"use", resource == Category::"marketing") when { context.gpc };
`

// cedarConsent asks a policy engine about each category, with the floor's cookie.
func cedarConsent(tb testing.TB) (func(uint16) string, func(*http.Request) uint16) {
	policies, err := cedar.NewPolicySetFromBytes("consent.cedar", []byte(consentCedar))
	if err != nil {
		tb.Fatal(err)
	}
	var categories [4]types.EntityUID
	for i := range categories {
		categories[i] = types.NewEntityUID("Category", types.String(consent.Category(i).String()))
	}
	who, use, entities := types.NewEntityUID("Visitor", "v"), types.NewEntityUID("Consent", "use"), types.EntityMap{}
	s := newSealedConsent()
	return s.seal, func(r *http.Request) (allow uint16) {
		var granted, policy uint16
		ok := false
		if c, err := r.Cookie(consentCookie); err == nil {
			granted, policy, ok = s.open(c.Value)
		}
		var yes []types.Value
		for i, c := range categories {
			if granted>>i&1 != 0 {
				yes = append(yes, c)
			}
		}
		ctx := types.NewRecord(types.RecordMap{"chosen": types.Boolean(ok && policy == 7),
			"granted": types.NewSet(yes...), "gpc": types.Boolean(consent.GPC(r.Header))})
		for i, c := range categories {
			if d, _ := cedar.Authorize(policies, entities, cedar.Request{Principal: who, Action: use, Resource: c, Context: ctx}); d == cedar.Allow {
				allow |= 1 << i
			}
		}
		return allow
	}
}

// parseGuard reads each Set-Cookie line by net/http, in a wrapper of WriteHeader and Write: what one writes by hand. It lets most other ways through.
func parseGuard(_ testing.TB, next http.Handler) http.Handler {
	rules := map[string]bool{"__Host-session": true, "csrf": true, "draft": true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&parsingWriter{ResponseWriter: w, allowed: rules}, r)
	})
}

type parsingWriter struct {
	http.ResponseWriter
	allowed map[string]bool
	done    bool
}

func (p *parsingWriter) WriteHeader(code int) {
	if !p.done {
		p.done = true
		var kept []string
		for _, l := range p.Header()["Set-Cookie"] {
			if c, err := http.ParseSetCookie(l); err == nil && p.allowed[c.Name] {
				kept = append(kept, l)
			}
		}
		p.Header()["Set-Cookie"] = kept
	}
	p.ResponseWriter.WriteHeader(code)
}

package rbac

import (
	"errors"
	"net/http"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// Credential is who a request says it is from. The zero Credential is nobody.
type Credential struct {
	who   Subject
	token redact.Secret[string]
	by    credentialKind
}

type credentialKind uint8

const (
	nobody credentialKind = iota
	signedIn
	bearer
)

// SignedIn is a member whom the application has authenticated; nobody, if who has no id.
func SignedIn(who Subject) Credential {
	if who.ID == "" {
		return Credential{}
	}
	return Credential{who: who, by: signedIn}
}

// Bearer is who brings an API token, good or not.
func Bearer(raw string) Credential { return Credential{token: redact.NewSecret(raw), by: bearer} }

// Identify says who a request is from. It returns the zero Credential for a request that says nothing, and an error if that
// cannot be known: nobody is let in then. It does not decide on what they may do.
type Identify func(*http.Request) (Credential, error)

// TokenOr identifies by the API token in the Authorization header, and without that header by the session, as session reads it: the
// zero Subject, or one without an id, if there is none. A header that is not good is not made up for by a session. nil: there are no sessions.
func TokenOr(session func(*http.Request) (Subject, error)) Identify {
	return func(r *http.Request) (Credential, error) {
		raw, err := apitoken.FromRequest(r)
		switch {
		case err == nil:
			return Bearer(raw), nil
		case !errors.Is(err, apitoken.ErrMissing):
			return Credential{}, denied(BadToken)
		case session == nil:
			return Credential{}, nil
		}
		who, err := session(r)
		if err != nil {
			return Credential{}, err
		}
		return SignedIn(who), nil
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// call is one request to the desk's web server, in juniper.
func (t *team) call(ctx context.Context, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(tenancy.With(ctx, juniper), method, path, strings.NewReader(body))
	r.RemoteAddr = netip.AddrPortFrom(inOffice, 40000).String()
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	t.app.ServeHTTP(w, r)
	return w
}

func tokenWrites(ctx context.Context, d *desk) (outcome, error) {
	bearer := "Bearer " + d.team.token.Reveal()
	if w := d.team.call(ctx, http.MethodGet, "/inbox", "", "Authorization", bearer); w.Code != http.StatusOK {
		return outcome{}, fmt.Errorf("it does not read either: %d", w.Code)
	}
	w := d.team.call(ctx, http.MethodPost, "/inbox", "", "Authorization", bearer)
	if w.Code != http.StatusForbidden {
		return outcome{}, fmt.Errorf("it was answered with %d", w.Code)
	}
	return outcome{fmt.Sprintf("GET /inbox: 200. POST /inbox: %d\n%s", w.Code, strings.TrimSpace(w.Body.String())), "rbac.Mux"}, nil
}

func tokenElsewhere(ctx context.Context, d *desk) (outcome, error) {
	raw, here := d.team.token.Reveal(), tenancy.With(ctx, juniper)
	if _, err := d.team.opens(here, raw, inOffice); err != nil {
		return outcome{}, fmt.Errorf("it is no good at all: %w", err)
	}
	_, away := d.team.opens(here, raw, netip.MustParseAddr("203.0.113.9"))
	_, other := d.team.opens(tenancy.With(ctx, kauri), raw, inOffice)
	admin, err := d.team.a.Member(here, ada)
	if err != nil {
		return outcome{}, err
	}
	id, err := tokens.Parse(raw)
	if err != nil {
		return outcome{}, err
	}
	if d.team.token, _, err = d.team.a.RotateToken(here, admin, id.String(), 0); err != nil {
		return outcome{}, err
	}
	if err := d.team.settle(here); err != nil {
		return outcome{}, err
	}
	_, late := d.team.opens(here, raw, inOffice)
	var came strings.Builder
	for _, err := range []error{away, other, late} {
		if !errors.Is(err, rbac.ErrDenied) {
			return outcome{}, errors.Join(errors.New("it opened something"), err)
		}
		fmt.Fprintln(&came, err)
	}
	return outcome{strings.TrimSpace(came.String()), byRBAC}, nil
}

func guessTokens(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, juniper)
	raw := []byte(d.team.token.Reveal())
	for i := range raw {
		bad := append([]byte(nil), raw...)
		bad[i]++
		if _, err := d.team.opens(ctx, string(bad), inOffice); !errors.Is(err, rbac.ErrDenied) {
			return outcome{}, errors.Join(fmt.Errorf("it opens with byte %d changed", i), err)
		}
	}
	const guesses = 5000
	busy := 0
	for range guesses {
		switch _, err := d.team.opens(ctx, tokens.Mint().Secret.Reveal(), inOffice); {
		case errors.Is(err, tenancy.ErrBusy): // so that guesses are not questions to the database
			busy++
		case !errors.Is(err, rbac.ErrDenied):
			return outcome{}, errors.Join(errors.New("a guess opened something"), err)
		}
	}
	d.ops.Add(guesses)
	return outcome{fmt.Sprintf("%d changes and %s guesses, none opens; %s of these without a look at the database\n%v",
		len(raw), thousands(guesses), thousands(busy), &rbac.Denied{Reason: rbac.BadToken}), byRBAC}, nil
}

func readForTokens(ctx context.Context, d *desk) (outcome, error) {
	n, looked, err := d.witness.Traces(ctx, d.team.token.Reveal())
	if err != nil || n > 0 {
		return outcome{}, errors.Join(fmt.Errorf("it is there %d times, in %s", n, looked), err)
	}
	id, err := tokens.Parse(d.team.token.Reveal())
	if err != nil {
		return outcome{}, err
	}
	seen, _, err := d.witness.Traces(ctx, id.String()) // so that looking is known to find
	if err != nil || seen == 0 {
		return outcome{}, errors.Join(errors.New("its id is not found either"), err)
	}
	return outcome{fmt.Sprintf("0 times, in %s; its id, which is no secret, %d times", looked, seen), "SHA-256"}, nil
}

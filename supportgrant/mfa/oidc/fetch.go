package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	fresh   = 10 * time.Minute // how long keys are used without asking again
	again   = 5 * time.Second  // between two requests, whoever wants what
	timeout = 5 * time.Second
)

// fetcher keeps the keys of one address.
type fetcher struct {
	address string
	client  *http.Client
	turn    chan struct{} // of one: whoever holds it may look at the rest
	set     *KeySet
	at      time.Time // of set
	asked   time.Time // of the last request, whatever came of it
}

// Fetch returns Keys from a provider's jwks_uri, which is an https URL. They are asked for when they are needed, at most every
// 5 seconds, for a key id that is not among them too, and are used for 10 minutes; where newer ones cannot be had then, there are none.
// The client is http.DefaultClient if nil; of what it is, no redirect is followed, a request takes 5 seconds at most, and an answer
// has 256 KiB at most.
//
// Where a customer says what the address is, give a client that does not reach into your own network.
func Fetch(address string, client *http.Client) (Keys, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("oidc: keys are fetched by https")
	}
	if client == nil {
		client = http.DefaultClient
	}
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	own.Jar = nil
	f := &fetcher{address: address, client: &own, turn: make(chan struct{}, 1)}
	return f.keys, nil
}

func (f *fetcher) keys(ctx context.Context, kid string) (*KeySet, error) {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := time.Now()
	isFresh := f.set != nil && now.Sub(f.at) < fresh && !now.Before(f.at)
	if isFresh && f.set.has(kid) {
		return f.set, nil
	}
	if wait := now.Sub(f.asked); wait >= 0 && wait < again {
		if isFresh {
			return f.set, nil // has no such key, and says so
		}
		return nil, errors.New("oidc: the provider gave no keys a moment ago")
	}
	f.asked = now
	set, err := f.get(ctx)
	if err != nil {
		if isFresh {
			return f.set, nil
		}
		return nil, err
	}
	f.set, f.at = set, now
	return set, nil
}

// get goes on if the caller that needs it first gives up: others wait for it.
func (f *fetcher) get(ctx context.Context) (*KeySet, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.address, nil)
	if err != nil {
		return nil, fmt.Errorf("oidc: %w", err)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("oidc: keys: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("oidc: keys: the provider answered with status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKeySet+1))
	if err != nil {
		return nil, fmt.Errorf("oidc: keys: %w", err)
	}
	return ParseKeySet(body)
}

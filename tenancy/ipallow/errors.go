package ipallow

import "errors"

// What can go wrong. Callers branch with [errors.Is]; no error repeats an address or a header.
var (
	// ErrClient: the client's address cannot be known from this request.
	ErrClient = errors.New("ipallow: client address cannot be determined")
	// ErrProxies: the description of the proxies makes no sense or trusts everyone.
	ErrProxies = errors.New("ipallow: unusable proxies")
	// ErrList: the text or the entries are not an allowlist. See [EntryError].
	ErrList = errors.New("ipallow: not an allowlist")
	// ErrNoPolicy: the store has no policy for the tenant.
	ErrNoPolicy = errors.New("ipallow: tenant has no policy")
	// ErrVersion: the policy was changed since the version that a change was based on.
	ErrVersion = errors.New("ipallow: policy was changed meanwhile")
	// ErrLockOut: the change would refuse the address of whoever makes it.
	ErrLockOut = errors.New("ipallow: change would lock out its author")
	// ErrNoTrial: there is no change on trial, or its time is over.
	ErrNoTrial = errors.New("ipallow: no change is on trial")
)

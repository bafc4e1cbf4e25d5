// Package apitoken is the form of API tokens: how one is made, told from junk, compared, found in a leak and shown. It knows
// of no database, no clock and no roles.
//
//	acme_live_4mKq0ZtB91xYpTn0VQd3rJ7sLw2XbC5gHk8MfA6eRyUuDz1iPoNvE9q1fLaUK
//	          id (12)     secret (43)                                checksum (6)
//
// Brand and environment say whose token it is and where it opens something. The ID finds what is kept of it. The secret is 256
// random bits. The checksum, a CRC-32, lets scanners and servers tell it from junk without asking a database. All is letters
// (ASCII), digits and "_", so that a double click selects the whole and no address, shell or JSON has to escape it.
//
// # Use
//
// The form is a variable of the program:
//
//	var tokens = apitoken.MustNew("acme", "live")
//
// A new token is shown to its owner once. What is kept of it cannot be turned back:
//
//	t := tokens.Mint()
//	store(t.ID, t.Hash, t.Last4)
//	show(t.Secret.Reveal())
//
// A request brings it in its Authorization header. What is not of this form is refused before anything is looked up, and an
// ID that is not known takes as long as a wrong secret:
//
//	raw, err := apitoken.FromRequest(r)
//	id, err := tokens.Parse(raw)
//	hash := lookup(id) // the zero hash if there is none
//	if !tokens.Match(raw, hash) {
//		return errRefused // the same error for both
//	}
//
// [Form.Pattern] is the regular expression to publish and to give to secret scanners; [Form.Rule] takes tokens out of logs:
//
//	r, err := redact.New(redact.Add(tokens.Rule()))
//
// # Promises
//
//   - A token has 256 bits of crypto/rand, every character of it equally likely.
//   - [Form.Parse] returns an ID for what has the length, prefix, characters and checksum of the form, and [ErrMalformed] for
//     the rest: for every token with one character changed, or two neighbours exchanged. It allocates nothing.
//   - [Form.Match] compares in constant time, allocates nothing, and accepts no token for the zero hash.
//   - [FromRequest] reads the Authorization header, if there is one, and nothing else of the request.
//   - A [Token] prints as "acme_live_<id>_***" through every verb of fmt, log/slog and JSON. No error repeats any input.
//   - It all works under GODEBUG=fips140=only.
//
// # Limits
//
// The checksum keeps nobody out: whoever knows the form can compute it. That a token is a real one, [Form.Match] says and
// nothing else does.
//
// ID and Last4 are no secrets. With the prefix they say which token it was, and nothing that helps to guess it: the secret
// has 232 bits left if the last four characters of the checksum are known.
//
// The time it takes to find a row by its ID may tell whether there is one. An ID opens nothing.
//
// The zero [Form] refuses everything, and its Mint panics.
//
// # What you must do yourself
//
// Bound how long a token is good for, and to what. Revoke it when it has leaked: report the pattern to the secret scanning of
// your code host, and take its reports. Send tokens over TLS only. Keep the token out of addresses, in your clients too.
package apitoken

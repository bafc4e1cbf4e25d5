// Package consent decides what may be done with a visitor's device and data before they said yes, which is nothing that is not
// essential, and after; and sees to it that a response sets no cookie that is not allowed.
//
//	var policies, _ = consent.Compile(consent.Policy{Version: 1, Material: true, Effective: day, Purposes: []consent.Purpose{
//		{Key: "login", Category: consent.Essential, Text: loginText, Storage: []consent.Item{{Name: "__Host-session"}}},
//		{Key: "visits", Category: consent.Analytics, Text: visitsText, Storage: []consent.Item{{Name: "_ga*"}}},
//	}})
//
//	m, err := consent.New(consent.Config{Registry: policies, Keys: keys})
//	handler = gate.Middleware(m.Wrap(mux))              // gate finds the tenant: see package tenancy
//	mux.Handle("POST /collect", consent.Gate(consent.Analytics, collect))
//	if consent.Allow(r.Context(), consent.Marketing) {  // in a handler
//
// # What holds
//
//   - Nothing but [Essential] is allowed that the person did not say yes to: not in an unknown place, without a tenant, for an unknown
//     category, with a cookie that was altered, is another tenant's, has expired or is of another user or of a policy that a material one
//     replaced. It is so everywhere. Laws ([Regimes]) add duties, and no place makes anything allowed.
//
//   - Global Privacy Control takes away what sells or shares data or targets advertising, in the same request, also after a yes, and
//     for good: the cookie's yes goes with the response. Only a user who is signed in overrides it, by a confirmation that is for that policy
//     and ends with the signal. A signal alone leaves no cookie, id or record behind.
//
//   - [Decide] is a pure function, and its rule is the text in its comment. Each category has a [Reason].
//
//   - A yes covers what was asked, and no more: [Compile] refuses a policy that widens it without being material, and a
//     category whose purposes do not share one fate under a signal.
//
//   - The cookie is set by the server (scripts read it, and cannot write one that is believed), holds all categories in 64
//     characters, is signed for one tenant, and names no browser that refused everything.
//
//   - Inside of [Manager.Wrap] no handler sets a cookie without consent, in any way that net/http gives it. Deletions pass.
//
//   - With a [Store] no yes is kept that the tenant's ledger does not have, with the hash of the text that was shown, and what a user says no to,
//     or a signal of theirs, holds in all their browsers from their next request on; no cookie of an earlier second brings a yes back. What a browser
//     answered becomes the user's when they sign in, and there denials win. While the store cannot be asked, its users are asked for nothing
//     and only what is essential is allowed; a withdrawal takes effect in the browser nevertheless.
//
//   - The ledger only grows. Each entry has a hash over itself and the one before ([Manager.Verify]), and an audit log that is told of it
//     vouches for all of them. It holds no name: entries are of random subjects, and [Manager.Forget] removes what leads there.
//
// # Proof
//
// [Manager.History] returns a user's entries, [Manager.Text] what they were shown, and [Manager.Receipt] an entry in the fields of ISO/IEC TS
// 27560. Who refuses everything and is not known has no entries: there is nothing to prove. Package consentsql keeps ledgers in SQLite
// and Postgres, package consenttest has the suite for stores, and package banner asks, without a script if need be.
//
// # Limits
//
// The guard sees cookies that pass through Wrap; a handler around it, or a script, can set others. A wrapper of the response inside of it changes
// nothing. A cookie is its holder's: who is not known and kept an old one can send it again until it expires; without a store so can a user,
// and a withdrawal changes the cookie of one browser. Without a store, time is this machine's clock; a choice of the future counts for nothing. The rows of law were read on one
// day, mostly from secondary sources. They are data and no advice.
//
// States, which lead from users to entries, are not in the chain: who changes them in the database can lose a denial, and not make a grant. The
// same answer twice within a minute is one entry, unless the user said something else in between. Entries stay until the tenant
// goes: how long proof is kept is yours to say, by forgetting. The key for pseudonyms is not rotated.
//
// Access of support staff to a customer's data is agreed to elsewhere and in another type: no category, purpose or answer of this package
// can express it, so that accepting all grants none.
//
// # What you must do yourself
//
// Declare every cookie that you set, the essential ones too: what nobody declared is removed. Begin with [Report] to find them. Make refusing
// as easy as agreeing. Keep old policies in the list. Ask [Allow] before embedding a third party's script. Make a new policy
// material when its words mean something else: that cannot be seen here. Show that a signal was honoured ([Decision.Signal]).
// Mount [GPCResource].
package consent

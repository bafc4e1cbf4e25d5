// Package consent decides what may be done with a visitor's device and data before they said yes, which is nothing that is not
// essential, and after; and sees to it that a response sets no cookie that is not allowed.
//
//	var policies, _ = consent.Compile(consent.Policy{Version: 1, Material: true, Effective: day, Purposes: []consent.Purpose{
//		{Key: "login", Category: consent.Essential, Text: loginText, Storage: []consent.Item{{Name: "__Host-session"}}},
//		{Key: "visits", Category: consent.Analytics, Text: visitsText, Storage: []consent.Item{{Name: "_ga*"}}},
//	}})
//
//	m, err := consent.New(consent.Config{Registry: policies, Keys: keys})
//	handler = gate.Wrap(m.Wrap(mux))                    // gate finds the tenant: see package tenancy
//	mux.Handle("POST /collect", consent.Gate(consent.Analytics, collect))
//	if consent.Allow(r.Context(), consent.Marketing) {  // in a handler
//
// # What holds
//
//   - Nothing but [Essential] is allowed that the person did not say yes to: not in an unknown place, without a tenant, for an unknown
//     category, with a cookie that was altered, is another tenant's, has expired or is of another user or of a policy that a material one
//     replaced. It is so everywhere. Laws ([Regimes]) add duties, and no place makes anything allowed.
//   - Global Privacy Control takes away what sells or shares data or targets advertising, in the same request, also after a yes, and
//     for good: the cookie's yes goes with the response. Only a user who is signed in overrides it, by a confirmation that is for that policy
//     and ends with the signal. A signal alone leaves no cookie, id or record behind.
//   - [Decide] is a pure function, and its rule is the text in its comment. Each category has a [Reason].
//   - A yes covers what was asked, and no more: [Compile] refuses a policy that widens it without being material, and a
//     category whose purposes do not share one fate under a signal.
//   - The cookie is set by the server (scripts read it, and cannot write one that is believed), holds all categories in 64
//     characters, is signed for one tenant, and names no browser that refused everything.
//   - Inside of [Manager.Wrap] no handler sets a cookie without consent, in any way that net/http gives it. Deletions pass.
//
// # What is not here yet
//
// The ledger: a choice is kept in the cookie and nowhere else. So there is no proof of who agreed to what, no account whose refusals
// follow it to other browsers ([Account] is what [Decide] will be given), no merge of an anonymous browser with an account, and no
// receipts. The banner: ask in a form of your own, with the texts of [Registry.Document] and its hash in a hidden field, and hand
// what is posted to [Manager.Choose]. Scripts, iframes and storage that a script fills are not held back by anything here.
//
// # Limits
//
// The guard sees cookies that pass through Wrap; a handler around it, or a script, can set others. A wrapper of the response inside of it changes
// nothing. A cookie is its holder's: who kept an old one can send it again until it expires, and a withdrawal changes the
// cookie of one browser. Without a ledger, time is this machine's clock; a choice of the future counts for nothing. The rows of law were read on one
// day, mostly from secondary sources. They are data and no advice.
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

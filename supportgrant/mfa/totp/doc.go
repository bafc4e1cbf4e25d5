// Package totp is the second factor of package supportgrant by codes of an authenticator app: six digits, 30 seconds, SHA-1
// (RFC 6238), which is what every such app makes.
//
//	codes, err := totp.New(store, secrets)            // store: package supportgrantsql; secrets: the application's
//	err = codes.Use(ctx, person, r.FormValue("code")) // at log-in too, so that a code is good once over all uses
//
// A secret is enrolled by showing its URI as a QR code and taking the first code:
//
//	secret := totp.NewSecret()
//	uri, err := totp.URI("Example", "ann@example.com", secret)
//	err = codes.Confirm(ctx, secret, r.FormValue("code")) // then keep the secret, sealed
//
// # Promises
//
//   - A code is good once, over approvals, log-ins and enrolment, however many try it at once: the step it belongs to is
//     compared and set in the [Store], and earlier ones are used up with it.
//   - A code is exactly six ASCII digits. Nothing is trimmed.
//   - A code is good in its 30 seconds and in those before and after, by the store's clock.
//   - Every guess is counted, durably, before it is looked at. After 3 attempts in a row the next has to wait, 30 seconds at first
//     and doubled each time up to an hour; after [DefaultLimit], [MaxLimit] at most (NIST SP 800-63B-4, section 3.2.2), the
//     authenticator is locked and takes no code any more ([ErrLocked]). What is refused for its haste counts as well.
//   - A right code and a wrong one are the same work up to the store's answer.
//   - No error and no evidence has a secret or a code in it.
//
// # Limits
//
// A code can be asked for by a page that is not yours and passed on within its time: it is not resistant to phishing, and the
// evidence says so (NIST SP 800-63B-4, section 3.1.4). It signs nothing: that it was given for this grant is the server's word,
// by the challenge it was an answer to, and the [Proof] cannot be verified later. Tenants who want more ask for
// mfa/webauthn.
//
// Who can act as the approver can lock the authenticator with wrong codes. That is the price of the limit; the way out is to
// enrol a new secret, by whatever the application demands for that.
//
// # What you must do yourself
//
// Keep the secrets sealed (package vault does), and one for each person: what two share is one authenticator here. Use
// [TOTP.Use] wherever else codes of the same secret are taken; what verifies codes elsewhere does not know which were
// used. A store of tenants, as that of supportgrantsql, knows a code's uses in its own tenant: have a secret for each membership, or keep
// log-ins of people in several tenants in one of them. Let nobody enrol a new secret with less than they need to approve.
package totp

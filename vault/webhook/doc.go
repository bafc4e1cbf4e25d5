// Package webhook signs webhooks and verifies them, as Standard Webhooks 1.0.0 says (github.com/standard-webhooks,
// spec/standard-webhooks.md): a delivery is an HTTP request with the headers webhook-id, webhook-timestamp and
// webhook-signature, and the signature is over id, time and the bytes of the body.
//
// # Use
//
// The sender keeps one secret for each endpoint of each customer ([NewSecret]) and shows it to the customer once:
//
//	signer, err := webhook.NewSigner(webhook.Secrets{Current: secret})
//	client := &http.Client{Transport: signer.Transport(nil), Timeout: 20 * time.Second}
//	req.Header.Set(webhook.HeaderID, "msg_"+event) // the same each time this event is tried
//	resp, err := client.Do(req)
//
// The receiver puts a [Verifier] in front of the handler, which then reads the body as it always did:
//
//	verifier, err := webhook.NewVerifier(webhook.Secrets{Current: secret}, webhook.Options{})
//	mux.Handle("POST /hooks/billing", verifier.Middleware(handler))
//
// or calls [Verifier.VerifyRequest] or [Verifier.Verify] itself. A secret that begins with "whsec_" signs and verifies by
// HMAC-SHA256 ("v1"). With a key pair ([NewKeyPair]) the sender signs by Ed25519 ("v1a") and the receiver holds a public
// key, with which nobody can sign.
//
// To change a secret without losing a delivery, both sides hold two of them for a while: [Secrets] has the Current and the
// Previous one. A signer signs with both, a verifier accepts either. Which side goes first does not matter; the previous
// one is dropped when both have the new one. One of the two may be a key pair.
//
// # Promises
//
//   - What is accepted was signed by one of the secrets, over exactly these bytes of id, time and body. No second
//     spelling of a signature passes. Those of HMAC are compared in constant time.
//   - A delivery is refused if its time is further from the clock than the tolerance, in either direction; a clock that
//     is set back while a verifier is in use lets nothing in for longer.
//   - Each header is there once and in its one form, or the delivery is refused before its body is read: no sign and no
//     leading zero before the time, no full stop in the id (it would move the border between id, time and body), at most
//     8 signatures, no spelling of base64 but the standard one. Signatures of other versions are passed over.
//   - [Options.Seen] is asked of nothing that is not signed, and its failure is a refusal.
//   - A body over the limit is not read to its end; one within it is handed on byte for byte.
//   - A secret that is too short or misspelt is refused when the program starts, not when a delivery comes.
//   - Errors say which kind of refusal it was and repeat nothing of the request or the secrets; printing a [Signer] or a
//     [Verifier] shows no secret. A stranger gets a status without detail ([StatusCode]).
//   - [Signer.Transport] makes a new time for each attempt and does not follow a redirect with a signature.
//   - It all works under GODEBUG=fips140=only.
//
// # Limits
//
// The signature does not cover the method, the address or any other header: a delivery can be sent on, within the
// tolerance, to another endpoint that has the same secret. Give each endpoint its own.
//
// Senders of shorter secrets, of secrets that are not base64, or of ids with full stops do not follow the specification,
// and their deliveries cannot be verified here; nor can those with an id of more than 256 characters. With "whsec_" whoever
// can verify can also sign.
//
// If the clock ran ahead and is set right, a verifier from before takes deliveries for too old until it is made anew.
//
// A body is held in memory as a whole. Verifying it costs as much as hashing it; if it was signed with the previous
// secret only, twice as much.
//
// # What you must do yourself
//
// Be idempotent: a sender tries again until it has an answer of 2xx, and the answer to a delivery that you have processed
// may be lost. Remember the id in the transaction of your work. [Options.Seen] keeps out what somebody captured and sends
// again within the tolerance; it is no replacement for that.
//
// Verify before anything else touches the body: JSON that was parsed and written again is no longer what was signed.
//
// Drop a secret that somebody else has seen at once, on both sides: as the Previous one it would still be accepted.
//
// Keep the secrets sealed, keep the clock right, and answer quickly. As a sender, keep the list of deliveries and try
// again on your own schedule, and do not let customers' addresses reach into your own network (SSRF): dial through a
// proxy or a [net.Dialer] whose Control function refuses internal addresses.
package webhook

// Package webauthn is the second factor of package supportgrant by passkeys and security keys (Web Authentication Level 3), over
// github.com/go-webauthn/webauthn. The challenge is the digest of the grant, so that the assertion is a signature of exactly what
// the approver was shown, and stays verifiable.
//
//	keys, err := webauthn.New(credentials, webauthn.Config{RPID: "example.com", Origins: []string{"https://app.example.com"}})
//
// credentials are the application's, which registers them by go-webauthn. In the browser, with the Options of a challenge:
//
//	const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey)
//	const answer = JSON.stringify(await navigator.credentials.get({ publicKey }))
//
// # Promises
//
//   - An assertion approves one grant, as it was shown. It is from the approver's own credential, at one of the origins as they are written in
//     [Config], for the relying party, in no frame of another origin, with user presence and user verification, and in time.
//   - A signature counter that does not advance is refused, as is a credential of which a copy was once suspected, and one whose
//     eligibility for backup changed. The library reports the first two and leaves them to the caller.
//   - Keys are P-256 (ES256), Ed25519 (EdDSA) and RSA of 2048 bits or more (RS256). Others are not asked for.
//   - The evidence is the assertion with the key, which [VerifyEvidence] verifies without database, network and clock. It is resistant
//     to phishing (NIST SP 800-63B-4, section 3.2.5), and nothing is approved by an assertion that does not verify so.
//   - No error has anything of an answer in it.
//
// # Limits
//
// Passkeys that are synchronized count nothing: that one answer is taken once rests on the service, which burns each challenge
// before it calls. The time for an answer is by this program's clock; the service's, by the database's, holds as well. Related origins
// and native apps are not supported.
//
// [VerifyEvidence] shows that the key in the evidence signed for this Intent, on the site that the evidence names. Whether that is
// the approver's key and your site is to be compared with what was registered ([Proof]): keep public keys for as long as
// evidence is to count, or that of somebody's own key looks alike. The name of the credential in it is not signed.
//
// # What you must do yourself
//
// Register credentials, with user verification, and keep Flags and Authenticator as go-webauthn returns them. Do in
// [Credentials.Used] what it says. Show the approver the Intent on the page that asks: the authenticator's own window does not. Let
// nobody register a credential with less than they need to approve.
package webauthn

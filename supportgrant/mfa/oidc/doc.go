// Package oidc is the second factor of package supportgrant by step-up authentication at an OpenID provider (RFC 9470, OpenID
// Connect Core 1.0): the approver authenticates there, and the ID token that comes back has the digest of the grant for its nonce.
//
//	keys, err := oidc.Fetch("https://login.example.com/jwks", nil)
//	provider, err := oidc.NewProvider(oidc.Config{Issuer: "https://login.example.com", ClientID: "app", Keys: keys, ACR: []string{"phr"}})
//	factor, err := oidc.New(func(ctx context.Context, tenant tenancy.ID, person supportgrant.Person) (*oidc.Provider, string, error) {
//		return provider, subjectOf(person), nil // tenants with a provider of their own return that
//	})
//
// The Options of a challenge are parameters of the authorization request. The application adds its redirect_uri, state and
// code_challenge, exchanges the code, and hands the ID token to the service as it came.
//
// # Promises
//
//   - A token approves one grant, as it was shown: its nonce is the base64url of the Intent's digest.
//   - It is signed by RS256, ES256 or EdDSA with one key of the provider that has the header's kid, is of the algorithm's kind and
//     for signatures. Nothing else counts as signed: not none, nothing symmetric, no key that the token brings or names the
//     address of. Where two keys fit, none does.
//   - Issuer, audience, azp and subject are the ones expected. A log-in session is not enough: by default the approver has authenticated
//     since the challenge was made, and in any case within [MaxAge], by this program's clock; and acr and amr
//     say that it was by what [Config] asks for.
//   - There is one reading of a token: names are exact, none comes twice, no encoding has a second spelling.
//   - The evidence is the token with the key, which [VerifyEvidence] verifies without network, database and clock.
//   - No error has anything of a token in it.
//
// # Limits
//
// The provider decides who is who: who runs it, or administers it for a tenant, can approve as anybody there. What acr and
// amr mean is its word, also for [Config.PhishingResistant]. Its clock may differ by 30 seconds; an authentication in the 30 seconds before the
// challenge passes for one after it. A key that the provider withdraws is used for up to ten minutes more. Encrypted tokens
// and other algorithms are refused; tokens have 16 KiB at most.
//
// [VerifyEvidence] shows that the key in the evidence signed for this Intent. Whether it was the issuer's key is to be compared with
// the keys that were published then ([Shown], [KeySet.Has]): keep them, or the evidence of an attacker's own key looks alike.
// The token stays as it was signed, with whatever of the approver the provider puts into it; the scope asked for is openid
// alone.
//
// # What you must do yourself
//
// Send the parameters unchanged, use PKCE and a state, and exchange the code on your server. Map a person to the subject their
// session began with, and not by an email address. Register a client that may use no weaker flow. Do not log tokens.
package oidc

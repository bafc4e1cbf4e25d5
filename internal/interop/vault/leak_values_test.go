package vault

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/webhook"
	"github.com/stretchr/testify/require"
)

// base64Forms are what every text has in it whose bytes go through base64 and have b in them.
func base64Forms(b []byte) (out []string) {
	for before := range 3 {
		padded := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), b...))
		out = append(out, padded[(before*8+5)/6:(before+len(b))*8/6])
	}
	return out
}

// watched is a keeper that shows the test what it is given.
type watched struct {
	vault.Keeper
	seen func(plaintext []byte)
}

func (w watched) Encrypt(ctx context.Context, plaintext []byte) ([]byte, error) {
	w.seen(bytes.Clone(plaintext))
	return w.Keeper.Encrypt(ctx, plaintext)
}

// everything returns what the vault's packages hand out and take, after it was used, and the secrets that are in it.
func everything(t *testing.T) (values map[string]any, secrets map[string][]byte) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(vault.NewKey().Reveal())
	require.NoError(t, err)
	t.Setenv("LEAK_KEY", base64.StdEncoding.EncodeToString(key))
	secrets = map[string][]byte{
		"the keeper's key": key, "the passphrase": []byte("correct horse battery staple"), "the credential": []byte("xoxb-4711-mauve-swordfish"),
		"the next credential": []byte("swordfish-0815-crimson"), "the value": []byte("ada.lovelace@example.com"), "the stream": []byte("a stream of words that nobody reads"),
	}
	keeper, err := vault.KeyFromEnv("LEAK_KEY")
	require.NoError(t, err)
	phrase, err := vault.KeyFromPassphrase(redact.NewSecret(string(secrets["the passphrase"])), make([]byte, 16))
	require.NoError(t, err)
	_, err = phrase.Encrypt(t.Context(), []byte("x"))
	require.NoError(t, err)

	ctx := tenancy.With(t.Context(), tenancy.MustParseID("acme"))
	var root []byte
	store, sealer := vault.NewMemory(), new(vault.AuditSealer)
	options := vault.Options{Previous: phrase, Sealer: sealer}
	v, err := vault.Open(ctx, store, watched{keeper, func(b []byte) { root = b }}, options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	secrets["the root"] = root
	credential, next := redact.NewSecret(string(secrets["the credential"])), redact.NewSecret(string(secrets["the next credential"]))
	ref := vault.Ref{Purpose: "slack", ID: "bot", Subject: "user:1"}
	policy := vault.Policy{RotateEvery: time.Hour, By: audit.Party{Type: "admin"}}
	require.NoError(t, v.Put(ctx, ref, credential, policy))
	failed := v.Use(ctx, ref, func(secret []byte) error {
		return fmt.Errorf("refused %q: %w", secret, &http.MaxBytesError{})
	})
	require.ErrorIs(t, failed, vault.ErrScrubbed)
	var thrown any
	func() {
		defer func() { thrown = recover() }()
		_ = v.Use(ctx, ref, func(secret []byte) error { panic(errors.New("cannot send " + string(secret))) })
	}()
	require.NotNil(t, thrown)
	info, err := v.Info(ctx, ref)
	require.NoError(t, err)
	stored, err := store.Secret(ctx, ref.Purpose, ref.ID)
	require.NoError(t, err)
	keys, _, err := store.Keys(ctx)
	require.NoError(t, err)
	roots, _, err := store.Roots(ctx)
	require.NoError(t, err)

	f, err := v.Field(ctx, "customers.email")
	require.NoError(t, err)
	sealed, err := f.AppendSeal(ctx, nil, "1", "user:1", secrets["the value"])
	require.NoError(t, err)
	_, err = f.AppendOpen(ctx, nil, "1", "user:1", sealed)
	require.NoError(t, err)
	_, wrong := f.AppendOpen(ctx, nil, "2", "user:1", sealed)
	require.Error(t, wrong)
	w, err := v.NewWriter(ctx, ref, io.Discard)
	require.NoError(t, err)
	_, err = w.Write(secrets["the stream"])
	require.NoError(t, err)
	var stream bytes.Buffer
	whole, err := v.NewWriter(ctx, ref, &stream)
	require.NoError(t, err)
	_, err = whole.Write(secrets["the stream"])
	require.NoError(t, err)
	require.NoError(t, whole.Close())
	r, err := v.NewReader(ctx, ref, &stream)
	require.NoError(t, err)
	_, err = r.Read(make([]byte, 1)) // the rest waits in it
	require.NoError(t, err)
	opening, err := sealer.Seal(ctx, "user:1", secrets["the value"], nil)
	require.NoError(t, err)

	var resp *http.Response
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	transport := v.Transport(ref, server.Listener.Addr().String(), vault.Bearer, nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	resp, err = transport.RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	password, err := vault.NewPassword(40)
	require.NoError(t, err)
	secrets["the password"] = []byte(password.Reveal())

	values = map[string]any{
		"Options": options, "Vault": v, "Keeper": keeper, "passphrase Keeper": phrase, "AuditSealer": sealer, "Ref": ref, "Policy": policy, "Info": info,
		"Renewal": vault.Renewal{Secret: next, Policy: policy}, "Disconnection": vault.Disconnection{Ref: ref, Revoke: func(context.Context, []byte) error { return nil }},
		"Field": f, "Sealed": vault.Sealed(sealed), "Item": vault.Item{ID: "1", Subject: "user:1", Sealed: sealed}, "StoredSecret": stored, "WrappedKey": keys[0], "Root": roots[0],
		"Memory": store, "Writer": w, "Reader": r, "closed Writer": whole, "opening": opening, "scrubbed error": failed, "scrubbed panic": thrown, "error": wrong,
		"Transport": transport, "Password": password, "Credential": credential, "request": req.Header, "response": resp.Header, "request of the response": resp.Request.Header,
	}
	hooks(t, values, secrets)
	return values, secrets
}

// hooks adds what package webhook hands out.
func hooks(t *testing.T, values map[string]any, secrets map[string][]byte) {
	t.Helper()
	shared, previous := webhook.NewSecret(), webhook.NewSecret()
	private, _ := webhook.NewKeyPair()
	for name, s := range map[string]redact.Secret[string]{"the shared secret": shared, "the previous one": previous, "the private key": private} {
		_, text, _ := bytes.Cut([]byte(s.Reveal()), []byte("_"))
		secrets[name+" as text"] = text
		b, err := base64.StdEncoding.DecodeString(string(text))
		require.NoError(t, err)
		secrets[name] = b
	}
	both := webhook.Secrets{Current: shared, Previous: previous}
	signer, err := webhook.NewSigner(both)
	require.NoError(t, err)
	keyed, err := webhook.NewSigner(webhook.Secrets{Current: private})
	require.NoError(t, err)
	verifier, err := webhook.NewVerifier(both, webhook.Options{})
	require.NoError(t, err)
	h := http.Header{}
	require.NoError(t, signer.Sign(h, "msg_1", time.Now(), []byte("{}")))
	require.NoError(t, keyed.Sign(http.Header{}, "msg_1", time.Now(), []byte("{}")))
	d, err := verifier.Verify(t.Context(), h, []byte("{}"))
	require.NoError(t, err)
	_, refused := webhook.NewSigner(webhook.Secrets{Current: redact.NewSecret(shared.Reveal()[:20])})
	require.Error(t, refused)
	values["webhook.Secrets"], values["Signer"], values["keyed Signer"], values["Verifier"] = both, signer, keyed, verifier
	values["Delivery"], values["signed Header"], values["refused secret"] = d, h, refused
	values["signing Transport"] = signer.Transport(nil)
}

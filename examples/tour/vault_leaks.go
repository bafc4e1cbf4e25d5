package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
)

const byVault = "vault.Vault"

// showsCredential is an error if text has the credential in it.
func showsCredential(text string) error {
	for _, form := range []string{credential, base64.StdEncoding.EncodeToString([]byte(credential)), url.QueryEscape(credential)} {
		if strings.Contains(text, form) {
			return errors.New("the credential came out")
		}
	}
	return nil
}

func leakCredential(ctx context.Context, d *desk) (outcome, error) {
	var form struct{ Token redact.Secret[string] }
	if err := json.Unmarshal([]byte(`{"token":"`+credential+`"}`), &form); err != nil {
		return outcome{}, err
	}
	info, err := d.box.v.Info(tenancy.With(ctx, ginkgo), hook)
	if err != nil {
		return outcome{}, err
	}
	var all bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, value := range []any{form, &form, info, d.box.v, d.box.keeper} {
			fmt.Fprintf(&all, verb+"\n", value)
		}
	}
	line, err := json.Marshal(form)
	if err != nil {
		return outcome{}, err
	}
	all.Write(line)
	slog.New(slog.NewTextHandler(&all, nil)).Info("connected", "form", form, "vault", d.box.v)
	return outcome{fmt.Sprintf("%s\nversion %d, fingerprint %s", line, info.Version, info.Fingerprint), "redact.Secret"}, showsCredential(all.String())
}

func leakByError(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, ginkgo)
	bad := errors.New("502 Bad Gateway")
	err := d.box.use(ctx, hook, func(secret []byte) error {
		return &url.Error{Op: "Get", URL: "https://hooks.example/T000?token=" + string(secret), Err: bad}
	})
	if !errors.Is(err, bad) {
		return outcome{}, fmt.Errorf("it failed otherwise: %w", err)
	}
	said := fmt.Sprintf("%v %+v", err, err)
	err = d.box.use(ctx, hook, func(secret []byte) error {
		return errors.New("refused: Authorization: Basic " + base64.StdEncoding.EncodeToString(append([]byte("bot:"), secret...)))
	})
	said += "\n" + err.Error()
	func() {
		defer func() { said += "\npanic: " + fmt.Sprint(recover()) }()
		_ = d.box.use(ctx, hook, func(secret []byte) error { panic("no such team: " + string(secret)) })
	}()
	return outcome{said[strings.Index(said, "\n")+1:], byVault}, showsCredential(said)
}

func saveLabel(context.Context, *desk) (outcome, error) {
	var form struct{ Token redact.Secret[string] }
	return refused("redact.Secret", json.Unmarshal([]byte(`{"token":"[redacted:secret]"}`), &form), redact.ErrPlaceholder)
}

func readForSecrets(ctx context.Context, d *desk) (outcome, error) {
	var where string
	for _, text := range []string{credential, address} {
		n, looked, err := d.witness.Traces(ctx, text)
		if err != nil || n > 0 {
			return outcome{}, errors.Join(fmt.Errorf("it is there %d times, in %s", n, looked), err)
		}
		where = looked
	}
	name := d.org(ginkgo).books.customers[0].Name // is there, so that looking is known to find
	n, _, err := d.witness.Traces(ctx, name)
	if err != nil || n == 0 {
		return outcome{}, errors.Join(errors.New("nothing is found at all"), err)
	}
	return outcome{fmt.Sprintf("0 times, in %s; a customer's name, which is not sealed, %d times", where, n), byVault}, nil
}

func openWithAnotherKey(ctx context.Context, d *desk) (outcome, error) {
	other, err := vault.KeyFromPassphrase(redact.NewSecret("a guess of sixteen letters"), []byte("0123456789abcdef"))
	if err != nil {
		return outcome{}, err
	}
	v, err := vault.Open(ctx, d.box.store, other, vault.Options{})
	if err == nil {
		_ = v.Close()
	}
	return refused("vault.Open", err, vault.ErrRoot)
}

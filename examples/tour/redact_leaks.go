package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// A plant is a value that must not come out.
type plant struct{ what, value string }

// plants are made up. None of them opens anything.
var plants = []plant{
	{"e-mail address", "rosalind.okafor@example.org"},
	{"password", "Tr0ub4dor-and-3"},
	{"card number", "4111 1111 1111 1111"},
	{"account number", "DE89 3704 0044 0532 0130 00"},
	{"phone number", "+44 20 7946 0958"},
	{"key of a service", "ghp_" + strings.Repeat("x7Qd", 9)},
	{"password of a database", "s3same-0pen"},
}

func planted(what string) string {
	for _, p := range plants {
		if p.what == what {
			return p.value
		}
	}
	panic("no such plant: " + what)
}

// sentence has every plant, in the ways people write them.
func sentence() string {
	return fmt.Sprintf(`sign-in of %s failed: {"password":"%s","card":"%s"} iban %s, call %s; Authorization: Bearer %s; dsn postgres://desk:%s@db/desk`,
		planted("e-mail address"), planted("password"), planted("card number"), planted("account number"), planted("phone number"),
		planted("key of a service"), planted("password of a database"))
}

// survivors is an error if text has a plant in it, also one written without its spaces.
func survivors(text string) error {
	var bad []string
	for _, p := range plants {
		if strings.Contains(text, p.value) || strings.Contains(text, strings.ReplaceAll(p.value, " ", "")) {
			bad = append(bad, p.what)
		}
	}
	if bad != nil {
		return fmt.Errorf("came out: %s", strings.Join(bad, ", "))
	}
	return nil
}

const byRedactor = "redact.Redactor"

// cleaned is the outcome if no plant is in came, and what told of the place it came from still is.
func cleaned(came, mark string) (outcome, error) {
	if !strings.Contains(came, mark) {
		return outcome{}, fmt.Errorf("more than the plants is gone: no %q in what came out", mark)
	}
	return outcome{Came: strings.TrimSpace(came), By: byRedactor}, survivors(came)
}

func leakByLog(_ context.Context, d *desk) (outcome, error) {
	var out bytes.Buffer
	plain := slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	log := slog.New(d.redactor.Handler(plain)).With("user", planted("e-mail address"))
	log.Info("sign-in of "+planted("e-mail address"), "password", planted("password"),
		slog.Group("payment", "card", planted("card number"), "iban", planted("account number")), "tries", 3,
		"error", fmt.Errorf("dial postgres://desk:%s@db/desk: %w", planted("password of a database"), io.ErrUnexpectedEOF),
		"header", map[string][]string{"Authorization": {"Bearer " + planted("key of a service")}}, "note", "call "+planted("phone number"))
	return cleaned(out.String(), `"tries":3`)
}

func leakByPieces(_ context.Context, d *desk) (outcome, error) {
	text := sentence()
	whole := d.redactor.String(text)
	for cut := range len(text) {
		var out bytes.Buffer
		w := d.redactor.Writer(&out)
		if _, err := io.WriteString(w, text[:cut]); err != nil {
			return outcome{}, err
		}
		if _, err := io.WriteString(w, text[cut:]); err != nil {
			return outcome{}, err
		}
		if err := w.Close(); err != nil {
			return outcome{}, err
		}
		if out.String() != whole {
			return outcome{}, fmt.Errorf("cut at byte %d, the text comes out differently", cut)
		}
	}
	o, err := cleaned(whole, "sign-in of")
	o.Came += fmt.Sprintf("\nthe same at each of %d cuts", len(text))
	return o, err
}

const lookalikes = `monkey=banana author=okafor next_page_token_count=17 commit 3f786850e387550fdab836ed7e6dc881de23001b order 1234-5678 took 12:34:56.789 v1.2.3`

func hideTheInnocent(_ context.Context, d *desk) (outcome, error) {
	if got := d.redactor.String(lookalikes); got != lookalikes {
		return outcome{}, fmt.Errorf("it was changed: %s", got)
	}
	if err := survivors(d.redactor.String(sentence())); err != nil {
		return outcome{}, errors.New("nothing is changed, but neither is anything else")
	}
	return outcome{Came: "the same, byte for byte", By: byRedactor}, nil
}

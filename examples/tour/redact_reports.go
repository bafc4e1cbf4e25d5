package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// report is what an error reporter sends: no type of this library's.
type report struct {
	Message     string              `json:"message"`
	Breadcrumbs []breadcrumb        `json:"breadcrumbs"`
	Headers     map[string][]string `json:"headers"`
	Variables   map[string]any      `json:"variables"`
	Release     string              `json:"release"`
}

type breadcrumb struct {
	Category string `json:"category"`
	Text     string `json:"text"`
}

// hint is what reporters hand to their hooks beside the report.
type hint struct{}

func crash() *report {
	return &report{
		Message:     "panic: " + sentence(),
		Breadcrumbs: []breadcrumb{{"http", "GET /?token=" + planted("key of a service")}, {"query", "SELECT * FROM member WHERE email = '" + planted("e-mail address") + "'"}},
		Headers:     map[string][]string{"Cookie": {"session=" + planted("password")}, "Accept": {"text/html"}},
		Variables:   map[string]any{"dsn": "postgres://desk:" + planted("password of a database") + "@db/desk", "card": planted("card number"), "attempt": 2},
		Release:     "desk@1.4.2",
	}
}

func leakByReport(_ context.Context, d *desk) (outcome, error) {
	beforeSend := redact.Hook[report, hint](d.redactor)
	sent := beforeSend(crash(), hint{})
	if sent == nil {
		return outcome{}, errors.New("the report was dropped")
	}
	wire, err := json.Marshal(sent)
	if err != nil {
		return outcome{}, err
	}
	return cleaned(string(wire), `"release":"desk@1.4.2"`)
}

// rude panics when it is looked at.
type rude struct{ secret string }

func (rude) MarshalText() ([]byte, error) { panic("not now") }

func leakByPanic(_ context.Context, d *desk) (outcome, error) {
	c := crash()
	c.Variables["rude"] = rude{planted("password")}
	before := d.redactor.Dropped()
	sent := redact.Hook[report, hint](d.redactor)(c, hint{})
	if sent == nil {
		if d.redactor.Dropped() != before+1 {
			return outcome{}, errors.New("it was dropped, and not counted")
		}
		return outcome{Came: "dropped and counted", By: byRedactor}, nil
	}
	return cleaned(fmt.Sprintf("%+v", *sent), "desk@1.4.2")
}

// account is a struct of an application that says of its fields what they are.
type account struct {
	Name     string `privacy:"safe"`
	Email    string `privacy:"email"`
	Card     string `privacy:"card,last4"`
	Password redact.Secret[string]
	backup   redact.Secret[string] // unexported: printers that look everywhere find it too
	Notes    []string
}

func leakByPrinting(_ context.Context, d *desk) (outcome, error) {
	a := account{"Rosalind", planted("e-mail address"), planted("card number"),
		redact.NewSecret(planted("password")), redact.NewSecret(planted("password of a database")), []string{"call " + planted("phone number")}}
	shown := redact.Copy(d.redactor, a)
	var all bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&all, verb+"\n", shown)
		fmt.Fprintf(&all, verb+"\n", a.Password)
		fmt.Fprintf(&all, verb+"\n", &a.backup)
	}
	line, err := json.Marshal(shown)
	if err != nil {
		return outcome{}, err
	}
	all.Write(line)
	slog.New(slog.NewTextHandler(&all, nil)).Info("account", "password", a.Password)
	if err := survivors(all.String()); err != nil {
		return outcome{}, err
	}
	return cleaned(string(line), "Rosalind")
}

type product struct {
	Name, Price      string
	Margin, Supplier string // came later
}

func leakByView(_ context.Context, _ *desk) (outcome, error) {
	public, err := redact.NewView[product]("Name", "Price")
	if err != nil {
		return outcome{}, err
	}
	page, err := public.Append(nil, &product{"Lamp", "49.00", "61 %", "Okafor Ltd"})
	if err != nil {
		return outcome{}, err
	}
	if bytes.Contains(page, []byte("61 %")) || bytes.Contains(page, []byte("Okafor")) || !bytes.Contains(page, []byte("Lamp")) {
		return outcome{}, fmt.Errorf("the page is %s", page)
	}
	_, err = redact.NewView[product]("Name", "Pirce")
	if !errors.Is(err, redact.ErrView) {
		return outcome{}, errors.New("a field that is not there was listed")
	}
	return outcome{Came: string(page) + "\nlisting a field that is not there: " + err.Error(), By: "redact.View"}, nil
}

package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// order is what a customer of juniper's bought, with what is none of the customer's business.
type order struct {
	Number, Email, Status, Address string
	Margin                         int
	Notes                          string
}

var (
	orderStatusView = mustView[order]("Number", "Status")
	orderView       = mustView[order]("Number", "Status", "Address")
)

func mustView[T any](fields ...string) *redact.View[T] {
	v, err := redact.NewView[T](fields...)
	if err != nil {
		panic(err)
	}
	return v
}

func orderOf(number string) (*order, error) {
	if number != "1007" {
		return nil, rbac.ErrNotFound
	}
	return &order{number, "rosalind@post.example", "sent", "1 Arden Road", 41, "complains a lot"}, nil
}

// widgetTriesAll asks for every route of the application without being anybody, and the surface for every permission.
func widgetTriesAll(ctx context.Context, d *desk) (outcome, error) {
	var came strings.Builder
	for _, r := range d.team.app.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		w := d.team.call(ctx, method, strings.ReplaceAll(path, "{id}", "ada"), `{"number":"1007"}`)
		if open := strings.HasPrefix(r.Rule, "surface "); open != (w.Code == http.StatusOK) {
			return outcome{}, fmt.Errorf("%s was answered with %d", r.Pattern, w.Code)
		}
		fmt.Fprintf(&came, "%d  %s\n", w.Code, r.Pattern)
	}
	p, err := d.team.a.Surface(tenancy.With(ctx, juniper), widget)
	if err != nil {
		return outcome{}, err
	}
	for _, x := range []rbac.Permission{readChat, answer, margins, rbac.ManageMembers, rbac.ViewAccess} {
		if err := p.Require(x); err == nil {
			return outcome{}, fmt.Errorf("the widget may do %s", x)
		}
	}
	return outcome{came.String() + p.Require(margins).Error(), "rbac.Surface"}, nil
}

func guessOrder(ctx context.Context, d *desk) (outcome, error) {
	ask := func(body string) (int, string) {
		w := d.team.call(ctx, http.MethodPost, "/widget/order", body)
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	code, known := ask(`{"number":"1007","email":"Rosalind@post.example"}`)
	if code != http.StatusOK || !strings.Contains(known, "Arden") {
		return outcome{}, fmt.Errorf("the customer is answered with %d", code)
	}
	_, status := ask(`{"number":"1007"}`)
	if strings.Contains(status, "Arden") || strings.Contains(known+status, "41") || strings.Contains(known+status, "complains") {
		return outcome{}, fmt.Errorf("it shows %s", status)
	}
	wrongMail, one := ask(`{"number":"1007","email":"celia@post.example"}`)
	wrongNumber, two := ask(`{"number":"1008","email":"celia@post.example"}`)
	if wrongMail != wrongNumber || one != two || wrongMail == http.StatusOK {
		return outcome{}, fmt.Errorf("a wrong address is answered with %d %s, a wrong number with %d %s", wrongMail, one, wrongNumber, two)
	}
	return outcome{fmt.Sprintf("number alone: %s\nnumber and address: %s\nwrong address, wrong number, alike: %d", status, known, wrongMail), "rbac.Lookup"}, nil
}

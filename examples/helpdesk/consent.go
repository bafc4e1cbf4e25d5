package main

import (
	"context"
	"errors"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/consent/banner"
	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

var inForce = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func english(title, body string) map[string]consent.Text {
	return map[string]consent.Text{"en": {Title: title, Body: body}}
}

// What the team's pages store on a device, and why. What is not in a list does not leave the server.
var teamPolicy = consent.Policy{Version: 1, Material: true, Effective: inForce, Purposes: []consent.Purpose{
	{Key: "login", Category: consent.Essential, Text: english("Signing in", "We remember that you signed in, for twelve hours."),
		Storage: []consent.Item{{Name: sessionCookie, TTL: sessionLife}}},
	{Key: "drafts", Category: consent.Functional, Text: english("Drafts", "We keep replies that you have not sent, in this browser."),
		Storage: []consent.Item{{Kind: consent.LocalStorage, Name: "draft-*", TTL: 7 * 24 * time.Hour}}},
	{Key: "usage", Category: consent.Analytics, Text: english("Counting visits", "We count how often you come, for a year."),
		Storage: []consent.Item{{Name: "visits", TTL: 365 * 24 * time.Hour}}, Data: []string{"number of visits"}},
	{Key: "offers", Category: consent.Marketing, TargetedAds: true, Text: english("Offers", "We show you offers that match what you use."),
		Storage: []consent.Item{{Name: "offers", TTL: 90 * 24 * time.Hour}}},
}}

// And what the customers' page stores.
var chatPolicy = consent.Policy{Version: 1, Material: true, Effective: inForce, Purposes: []consent.Purpose{
	{Key: "chat", Category: consent.Essential, Text: english("The chat itself", "What you ask is answered at once and not kept."),
		Storage: nil},
	{Key: "visits", Category: consent.Analytics, Text: english("Counting visits", "The shop counts how often you come, for a year."),
		Storage: []consent.Item{{Name: "chat_visits", TTL: 365 * 24 * time.Hour}}},
	{Key: "ads", Category: consent.Marketing, TargetedAds: true, Text: english("Advertising", "The shop shows you elsewhere what you looked at here."),
		Storage: []consent.Item{{Name: "chat_ads", TTL: 90 * 24 * time.Hour}}},
}}

// openConsent opens what asks visitors and keeps proof of their answers: one for the team's pages, one for the customers'.
func (d *desk) openConsent() error {
	cookies, err1 := key("k1", d.keys.Consent)
	people, err2 := key("p1", d.keys.People)
	store, err3 := consentsql.New(d.db)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	ask := func(p consent.Policy, c consent.Config, o banner.Options) (*consent.Manager, *banner.Banner, error) {
		var err error
		if c.Registry, err = consent.Compile(p); err != nil {
			return nil, nil, err
		}
		c.Keys, c.Pseudonyms, c.Store, c.Recorder = tenancy.Keys{Current: cookies}, people, store, d.trail
		c.Controller = consent.Controller{Name: "Helpdesk Ltd", Contact: "privacy@helpdesk.example", URL: o.PolicyURL}
		c.Failed = func(ctx context.Context, err error) { d.reports.error(ctx, err) }
		o.Failed = c.Failed
		m, err := consent.New(c)
		if err != nil {
			return nil, nil, err
		}
		b, err := banner.New(m, o)
		return m, b, err
	}
	var err error
	if d.answers, d.asks, err = ask(teamPolicy, consent.Config{User: userOf}, banner.Options{PolicyURL: "/privacy"}); err != nil {
		return err
	}
	_, chatBanner, err := ask(chatPolicy, consent.Config{Widget: true}, banner.Options{PolicyURL: "/privacy"})
	if err != nil {
		return err
	}
	d.chat, err = d.newChat(chatBanner)
	return err
}

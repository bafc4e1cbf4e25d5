package redacttest

import (
	"encoding/base64"
	"strings"
)

// form is a way to write a canary.
type form struct {
	name  string
	write func(c *canary) string
}

// forms are in halves where they would look like a leak in this file.
var forms = []form{
	{"assigned", func(c *canary) string { return "login failed password=" + c.word }},
	{"quoted", func(c *canary) string { return `login failed password="` + c.word + `" user=bob` }},
	{"json", func(c *canary) string { return `{"user":"bob","password":"` + c.word + `"}` }},
	{"json-in-json", func(c *canary) string { return `{"body":"{\"user\":\"bob\",\"client_secret\":\"` + c.word + `\"}"}` }},
	{"json-in-json-in-json", func(c *canary) string { return `{"log":"{\"body\":\"{\\\"api_key\\\":\\\"` + c.word + `\\\"}\"}"}` }},
	{"yaml", func(c *canary) string { return "user: bob\npassword: " + c.word + "\nport: 1" }},
	{"go-struct", func(c *canary) string { return "{Name:bob Password:" + c.word + " Age:7}" }},
	{"go-syntax", func(c *canary) string { return `app.User{Name:"bob", Password:"` + c.word + `", Age:7}` }},
	{"header", func(c *canary) string { return "Authorization: Bearer " + c.word }},
	{"basic", func(c *canary) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("bob:"+c.word))
	}},
	{"cookie", func(c *canary) string { return "Set-Cookie: session_id=" + c.word + "; Path=/; HttpOnly" }},
	{"query", func(c *canary) string {
		return "GET https://api.example.com/v1/me?page=2&access_token=" + c.word + "&x=1"
	}},
	{"percent", func(c *canary) string { return "next=%2Fme%3Fpage%3D2%26password%3D" + c.word }},
	{"userinfo", func(c *canary) string { return "dial postgres://app:" + c.word + "@db.example.com:5432/app" }},
	{"dsn", func(c *canary) string { return "Server=db.example.com;User Id=app;Password=" + c.word + ";" }},
	{"xml", func(c *canary) string { return "<user>bob</user><password>" + c.word + "</password>" }},
	{"token", func(c *canary) string { return "pushed with ghp_" + c.token }},
	{"jwt", func(c *canary) string {
		return "got eyJ" + b64(`{"alg":"HS256","typ":"JWT"}`)[3:] + "." + b64(`{"sub":"`+c.word+`"}`) + "." + c.token
	}},
	{"pem", func(c *canary) string {
		return "-----BEGIN PRIVATE " + "KEY-----\n" + strings.Repeat(c.word+c.token+"\n", 3) + "-----END PRIVATE " + "KEY-----"
	}},
	{"mail", func(c *canary) string { return "no account for " + c.word + "@mail.example.com yet" }},
	{"mail-percent", func(c *canary) string { return "GET /invite?to=" + c.word + "%40mail.example.com" }},
	{"mail-unicode", func(c *canary) string { return `{"to":"` + c.word + `\u0040mail.example.com"}` }},
	{"mail-html", func(c *canary) string { return "<p>" + c.word + "&#64;mail.example.com</p>" }},
	{"card", func(c *canary) string { return "charge of card " + c.digits + " declined" }},
	{"card-grouped", func(c *canary) string { return "charge of card " + grouped(c.digits, " ") + " declined" }},
	{"iban", func(c *canary) string { return "payout to " + grouped(c.iban, " ") + " failed" }},
}

// Forms returns the names of the forms in which canaries are written.
func Forms() []string {
	names := make([]string, len(forms))
	for i, f := range forms {
		names[i] = f.name
	}
	return names
}

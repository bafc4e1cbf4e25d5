package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
)

// A visitor comes, accepts all, turns Global Privacy Control on, and withdraws.
func Example() {
	dir, err := os.MkdirTemp("", "consent")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	s, err := openShop(context.Background(), dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	server := httptest.NewTLSServer(s.site)
	defer server.Close()
	client := server.Client()
	client.Jar, _ = cookiejar.New(nil)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	gpc := false
	ask := func(method, path string, form url.Values) (string, []*http.Cookie) {
		r, _ := http.NewRequest(method, server.URL+path, strings.NewReader(form.Encode()))
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", server.URL)
		}
		if gpc {
			r.Header.Set("Sec-GPC", "1")
		}
		answer, err := client.Do(r)
		if err != nil {
			return err.Error(), nil
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		return string(body), answer.Cookies()
	}
	shows := func(when string) string {
		body, cookies := ask("GET", "/", nil)
		var names []string
		for _, c := range cookies {
			if c.Name == "session" || c.Name == "visits" || c.Name == "ads" {
				names = append(names, c.Name)
			}
		}
		fmt.Printf("%-10s %v\n", when, names)
		return body
	}
	body := shows("at first")
	ask("POST", "/consent/choose", answerOf(body, "accept"))
	shows("accepted")
	gpc = true
	shows("signal")
	gpc = false
	body = shows("no signal")
	ask("POST", "/consent/withdraw", answerOf(body, "withdraw"))
	shows("withdrawn")
	// Output:
	// at first   [session]
	// accepted   [session visits ads]
	// signal     [session visits]
	// no signal  [session visits]
	// withdrawn  [session]
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)"`)

// answerOf is what a browser posts when a button of the banner is pressed.
func answerOf(page, button string) url.Values {
	form := url.Values{"do": {button}}
	for _, f := range hidden.FindAllStringSubmatch(page, -1) {
		form.Set(f[1], f[2])
	}
	return form
}

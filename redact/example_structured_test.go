package redact_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"

	"github.com/bailiwick-dev/bailiwick/redact"
)

func ExampleRedactor_Handler() {
	opts := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	log := slog.New(redact.Default().Handler(slog.NewTextHandler(os.Stdout, opts)))

	log.Info("signed in as ada@example.com", "token", "blue-horse", "monkey", "banana")
	log.With("customer", struct{ Name, Email string }{"Ada", "ada@example.com"}).Error("no", "err", errors.New("refused: password=hunter2"))
	log.WithGroup("authorization").Info("done", "scheme", "x", "value", "blue-horse")
	// Output:
	// level=INFO msg="signed in as [redacted:email]" token=[redacted:credential] monkey=banana
	// level=ERROR msg=no customer="{Name:Ada Email:[redacted:email]}" err="refused: password=[redacted:credential]"
	// level=INFO msg=done authorization=[redacted:credential]
}

func ExampleCopy() {
	type Order struct {
		ID       int
		Customer string `privacy:"name"`
		Card     string `privacy:"card,last4"`
		Door     string `privacy:"-"`
		Note     string
	}
	order := Order{7, "Ada", "4111 1111 1111 1111", "4862", "call ada@example.com"}
	fmt.Printf("%+v\n", redact.Copy(redact.Default(), order))
	fmt.Println(order.Customer, "is unchanged")
	// Output:
	// {ID:7 Customer:[redacted:name] Card:**** **** **** 1111 Door: Note:call [redacted:email]}
	// Ada is unchanged
}

func ExampleScrub() {
	event := map[string]any{"user": map[string]any{"email": "ada@example.com"}, "password": "hunter2", "count": 3}
	err := redact.Scrub(redact.Default(), &event) // in place; of an error, do not send what is left
	fmt.Println(event, err)
	// Output:
	// map[count:3 password:[redacted:credential] user:map[email:[redacted:email]]] <nil>
}

func ExampleRedactor_JSON() {
	out, err := redact.Default().JSON(nil, []byte(`{"user": "ada@example.com", "pin": 4711, "credentials": {"a": 1}, "n": [1, 2]}`))
	fmt.Println(string(out), err)
	// Output:
	// {"user": "[redacted:email]", "pin": "[redacted:credential]", "credentials": "[redacted:credential]", "n": [1, 2]} <nil>
}

func ExampleRedactor_Header() {
	h := http.Header{"Authorization": {"Bearer blue-horse"}, "Cookie": {"theme=dark; session=blue-horse"}, "Accept": {"text/html"}}
	clean := redact.Default().Header(h)
	fmt.Println(clean["Authorization"], clean["Cookie"], clean["Accept"])
	// Output:
	// [Bearer [redacted:credential]] [theme=[redacted:credential]; session=[redacted:credential]] [text/html]
}

func ExampleRedactor_URL() {
	u, _ := url.Parse("https://ada:hunter2@api.example.com/v1/orders?page=2&access_token=blue-horse")
	fmt.Println(redact.Default().URL(u))
	// Output:
	// https://[redacted:userinfo]@api.example.com/v1/orders?page=2&access_token=[redacted:credential]
}

func ExampleRedactor_Error() {
	err := redact.Default().Error(&fs.PathError{Op: "open", Path: "/home/ada@example.com", Err: fs.ErrNotExist})
	fmt.Println(err)
	fmt.Println(errors.Is(err, fs.ErrNotExist), errors.Unwrap(err))
	// Output:
	// open /home/[redacted:email]: file does not exist
	// true <nil>
}

func ExampleRedactor_Transport() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"refresh_token":"blue-horse","ok":true}`)
	}))
	defer server.Close()

	client := &http.Client{Transport: redact.Default().Transport(nil, func(x redact.Exchange) {
		_, path, _ := strings.Cut(x.URL, "/v1")
		fmt.Println(x.Method, path, x.RequestHeader["Authorization"], x.Status, string(x.ResponseBody))
	})}
	req, _ := http.NewRequest("GET", server.URL+"/v1/me?api_key=blue-horse", nil)
	req.Header.Set("Authorization", "Bearer blue-horse")
	res, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	var body strings.Builder
	_ = res.Write(&body) // whoever reads the response sees it unchanged
	_ = res.Body.Close() // at the body's end the exchange is logged
	fmt.Println(strings.Contains(body.String(), "blue-horse"))
	// Output:
	// GET /me?api_key=[redacted:credential] [Bearer [redacted:credential]] 200 {"refresh_token":"[redacted:credential]","ok":true}
	// true
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

var waysToSet = []string{"plain", "lower-case", "flush", "early hints", "trailer", "hijack"}

// setAll sets a session and what takes consent, in one of the ways that net/http has.
func setAll(w http.ResponseWriter, way string) {
	all := []string{"session=1; Secure; HttpOnly", "_ga=1; Max-Age=34560000", "_fbp=1"}
	key := "Set-Cookie"
	switch way {
	case "lower-case":
		key = "set-cookie"
	case "trailer":
		w.Header().Set("Trailer", key)
		_, _ = io.WriteString(w, "ok")
	case "hijack":
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = fmt.Fprintf(rw, "HTTP/1.1 200 OK\r\nSet-Cookie: %s\r\n\r\n", strings.Join(all, "\r\nSet-Cookie: "))
		_ = rw.Flush()
		return
	}
	for _, line := range all {
		w.Header()[key] = append(w.Header()[key], line)
	}
	switch way {
	case "flush":
		_ = http.NewResponseController(w).Flush()
	case "early hints":
		w.WriteHeader(http.StatusEarlyHints)
	}
}

// setEveryCookie reads the bytes that come out of a real server, whatever a client would make of them.
func setEveryCookie(ctx context.Context, d *desk) (outcome, error) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.shop.site.ServeHTTP(w, r.WithContext(tenancy.With(r.Context(), larch)))
	}))
	defer srv.Close()
	var came strings.Builder
	for _, way := range waysToSet {
		conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", srv.Listener.Addr().String())
		if err != nil {
			return outcome{}, err
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprintf(conn, "GET /?way=%s HTTP/1.1\r\nHost: larch.example\r\nTE: trailers\r\nConnection: close\r\n\r\n", strings.ReplaceAll(way, " ", "+"))
		answer, err := io.ReadAll(conn)
		_ = conn.Close()
		if err != nil {
			return outcome{}, err
		}
		if n := bytes.Count(answer, []byte("_ga=")) + bytes.Count(answer, []byte("_fbp=")); n > 0 {
			return outcome{}, fmt.Errorf("%s: %d cookies without consent", way, n)
		}
		if way != "trailer" && !bytes.Contains(answer, []byte("session=")) {
			return outcome{}, fmt.Errorf("%s: not even the session was set", way)
		}
		fmt.Fprintf(&came, "%s: session, and nothing else\n", way)
	}
	return outcome{came.String(), "consent's guard"}, nil
}

func makeUpYes(ctx context.Context, d *desk) (outcome, error) {
	v := d.device("")
	if err := v.accept(ctx); err != nil {
		return outcome{}, err
	}
	tried := 0
	try := func(what string, jar map[string]string, tenant tenancy.ID) error {
		tried++
		f := d.device("")
		f.jar, f.tenant = jar, tenant
		if got := f.gets(ctx); got != "none" {
			return fmt.Errorf("%s gets %s", what, got)
		}
		return nil
	}
	if err := try("consent=all", map[string]string{"consent": "all"}, larch); err != nil {
		return outcome{}, err
	}
	for name, value := range v.jar {
		for i := range value {
			b := []byte(value)
			if b[i]++; b[i] == '{' || b[i] == '[' || b[i] == ':' {
				b[i] = 'A'
			}
			if err := try(fmt.Sprintf("character %d changed", i), map[string]string{name: string(b)}, larch); err != nil {
				return outcome{}, err
			}
		}
		if err := try("another tenant's", map[string]string{name: value}, maple); err != nil {
			return outcome{}, err
		}
	}
	return outcome{fmt.Sprintf("%d of %d are no yes", tried, tried), byConsent}, nil
}

func postElsewhere(ctx context.Context, d *desk) (outcome, error) {
	v := d.device("")
	answer := v.visit(ctx, "POST", "/answer", func(r *http.Request) {
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	})
	if got := v.gets(ctx); answer.StatusCode == http.StatusOK || got != "none" {
		return outcome{}, fmt.Errorf("it was answered with %d, and the visitor gets %s", answer.StatusCode, got)
	}
	text, _ := io.ReadAll(answer.Body)
	return outcome{fmt.Sprintf("%d %s", answer.StatusCode, strings.TrimSpace(string(text))), byConsent}, nil
}

package redact

import (
	stdctx "context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// The workloads: a record of ten attributes with two secrets and an error in it, and a struct of twenty fields on three
// levels, six of them tagged.

var benchDay = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func benchRecord(ctx stdctx.Context, l *slog.Logger, bearer string, err error) {
	l.LogAttrs(ctx, slog.LevelInfo, "order shipped",
		slog.String("trace", "7f1c0b52-3f7e-4a8d-9f3b-1d2c4b5a6978"),
		slog.String("shop", "s_001877"),
		slog.Int("status", 204),
		slog.Duration("elapsed", 31*time.Millisecond),
		slog.String("email", "ines.duarte@mail.example.org"),
		slog.String("authorization", bearer),
		slog.Bool("retried", true),
		slog.Time("shipped", benchDay),
		slog.Any("err", err),
		slog.Group("http", slog.String("method", "PUT"), slog.String("route", "/v3/orders/{id}")),
	)
}

func BenchmarkW4Slog10Attrs(b *testing.B) {
	bearer := "Bearer eyJhbGciOiJFUzI1NiJ9." + strings.Repeat("eyJzdWIi", 8) + "." + strings.Repeat("Qx7_", 11)
	failure := errors.New("read tcp 10.1.0.9:41522->10.1.0.4:5432: i/o timeout")
	for _, p := range []struct {
		name string
		h    slog.Handler
	}{
		{"bare", slog.NewJSONHandler(io.Discard, nil)},
		{"redacted", Default().Handler(slog.NewJSONHandler(io.Discard, nil))},
	} {
		b.Run(p.name, func(b *testing.B) {
			l, ctx := slog.New(p.h), stdctx.Background()
			b.ReportAllocs()
			for b.Loop() {
				benchRecord(ctx, l, bearer, failure)
			}
		})
	}
}

type benchPlace struct {
	Street  string `privacy:"address"`
	Town    string
	Country string
	Code    string
}

type benchCard struct {
	Brand  string
	Number string `privacy:"card"`
	CVC    string `privacy:"-"`
	Until  string
}

type benchPerson struct {
	Name   string
	Email  string `privacy:"email"`
	Phone  string `privacy:"phone"`
	Home   *benchPlace
	Tags   []string
	Labels map[string]string
}

type benchCustomer struct {
	ID       int64
	Shop     string
	Plan     string
	Active   bool
	Since    time.Time
	Balance  float64
	Password string `privacy:"-"`
	Person   benchPerson
	Cards    []benchCard
}

func newBenchCustomer() benchCustomer {
	pan := "4111 1111 " + "1111 1111"
	return benchCustomer{
		ID: 55012, Shop: "s_001877", Plan: "pro", Active: true, Since: benchDay, Balance: 12.75, Password: "long-Horse&staple",
		Person: benchPerson{
			Name: "Ines Duarte", Email: "ines.duarte@mail.example.org", Phone: "+44 20 " + "7946 0101",
			Home: &benchPlace{Street: "4 Rua Nova", Town: "Porto", Country: "PT", Code: "4000-001"},
			Tags: []string{"early", "pt"}, Labels: map[string]string{"tier": "silver", "zone": "eu-south-2"},
		},
		Cards: []benchCard{{"visa", pan, "123", "2028-04"}, {"visa", pan, "321", "2029-01"}},
	}
}

func BenchmarkW5Struct20(b *testing.B) {
	v, r := newBenchCustomer(), Default()
	b.Run("copy", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Copy(r, v)
		}
	})
	b.Run("json-marshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = json.Marshal(&v)
		}
	})
}

func BenchmarkJSONBytes(b *testing.B) {
	src, _ := json.Marshal(newBenchCustomer())
	var buf []byte
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = Default().JSON(buf[:0], src)
	}
}

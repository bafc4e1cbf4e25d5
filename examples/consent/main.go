// A small shop that asks before it counts or advertises, without a script if need be, and keeps proof of the answers.
//
//	go run ./examples/consent DIR            serves it on https://localhost:8443, with its ledger in DIR
//	go run ./examples/consent DIR ADDRESS    elsewhere
//
// The certificate is made on the spot: the browser warns of it, once. Turn Global Privacy Control on in the browser and see what is left.
package main

import (
	"context"
	"crypto/tls"
	"log"
	"net/http"
	"os"
	"os/signal"
	"time"
)

func main() {
	if len(os.Args) < 2 || len(os.Args) > 3 {
		log.Fatal("usage: consent DIR [ADDRESS]")
	}
	address := "localhost:8443"
	if len(os.Args) == 3 {
		address = os.Args[2]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s, err := openShop(ctx, os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	certificate, err := madeOnTheSpot()
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: address, Handler: s.site, ReadHeaderTimeout: 5 * time.Second, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}
	go func() { <-ctx.Done(); _ = server.Close() }()
	log.Printf("https://%s", address)
	if err := server.ListenAndServeTLS("", ""); err != http.ErrServerClosed {
		log.Fatal(err)
	}
}

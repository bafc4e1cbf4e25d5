// Support access from request to withdrawal, in a terminal: what staff asks, what the customer's owner sees and confirms with an authenticator
// app, what is read, and what the customer is shown of it.
//
//	go run ./examples/supportgrant DIR
package main

import (
	"context"
	"log"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: supportgrant DIR")
	}
	if err := onSQLite(context.Background(), os.Stdout, os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

package main

import (
	"context"
	"fmt"
	"os"
)

func Example() {
	dir, err := os.MkdirTemp("", "supportgrant")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := onSQLite(context.Background(), os.Stdout, dir); err != nil {
		fmt.Println(err)
	}
	// Output:
	// sam asks  posts, for 2h0m0s, T-17: "Posts do not show up on the front page"
	// sam reads [] supportgrant: not granted
	// olga      approved, for 1h0m0s
	// sam reads [{1 Hello}] <nil>
	// olga      withdrawn
	// sam reads [] supportgrant: not granted
	// the log   requested by sam, T-17
	// the log   refused by sam, T-17 posts
	// the log   approved by olga, T-17
	// the log   read by sam, T-17 posts
	// the log   withdrawn by olga, T-17
	// the log   refused by sam, T-17 posts
	// raw SQL   constraint failed: supportgrant: what has ended stays as it ended (1811)
	// raw SQL   constraint failed: supportgrant: the log only grows (1811)
}

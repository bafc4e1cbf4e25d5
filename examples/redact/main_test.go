package main

import (
	"fmt"
	"os"
)

func Example() {
	if err := show(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// level=INFO msg="sign-in of [redacted:email]" password=[redacted:credential] tries=3
	// level=ERROR msg="no database" error="dial postgres://[redacted:userinfo]@db.internal/shop: refused"
	// {ID:c-42 Email:[redacted:email] Card:**** **** **** 1111 Token:[redacted:secret]}
	// {"Name":"Lamp","Price":"49.00"}
}

package main

import (
	"context"
	"fmt"
	"os"
)

func Example() {
	dir, err := os.MkdirTemp("", "rbac")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := onSQLite(context.Background(), os.Stdout, dir); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ada    POST /payruns         200 started
	// ben    GET  /invoices        200 the invoices
	// ben    POST /payruns         403 {"title":"Forbidden","status":403,"detail":"rbac: denied: payruns.start: no role grants it"}
	// import POST /invoices/import 200 imported
	// import GET  /invoices        403 {"title":"Forbidden","status":403,"detail":"rbac: denied: invoices.read: no role grants it"}
	// nobody GET  /invoices        401 {"title":"Unauthorized","status":401,"detail":"rbac: denied: nobody is asking"}
}

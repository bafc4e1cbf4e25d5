// A logger, an error report and a public page, of a service in which something sensitive went everywhere.
//
//	go run ./examples/redact
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"

	"github.com/bailiwick-dev/bailiwick/redact"
)

func main() {
	if err := show(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// customer says of its fields what they are. Token prints as a label wherever it ends up, without anybody's doing.
type customer struct {
	ID    string `privacy:"safe"`
	Email string `privacy:"email"`
	Card  string `privacy:"card,last4"`
	Token redact.Secret[string]
}

// product is what the shop knows; the page shows what is listed, and not what the struct grows later.
type product struct{ Name, Price, Supplier string }

func show(out io.Writer) error {
	r := redact.Default()

	// The logger: everything that is logged goes through the redactor, messages and errors too.
	plain := slog.NewTextHandler(out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{} // so that the example prints the same every day
		}
		return a
	}})
	logger := slog.New(r.Handler(plain))
	logger.Info("sign-in of ada@example.com", "password", "hunter2-and-more", "tries", 3)
	logger.Error("no database", "error", errors.New("dial postgres://shop:s3same-0pen@db.internal/shop: refused"))

	// A report to a service outside: a copy is scrubbed, and what the program goes on with stays as it is.
	ada := customer{"c-42", "ada@example.com", "4111 1111 1111 1111", redact.NewSecret("tok_live_0123456789")}
	fmt.Fprintf(out, "%+v\n", redact.Copy(r, ada))

	// A public page.
	page, err := redact.NewView[product]("Name", "Price")
	if err != nil {
		return err
	}
	b, err := page.Append(nil, &product{"Lamp", "49.00", "Okafor Ltd, 31.50"})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", b)
	return err
}

package vault_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/vault"
)

// The password of a database role: letters and digits, which is what every service takes. It never prints.
func ExampleNewPassword() {
	p, err := vault.NewPassword(32)
	if err != nil {
		panic(err)
	}
	fmt.Println(p, len(p.Reveal()))

	// A service that insists on a symbol, and accepts few of them.
	p, err = vault.NewPassword(40, vault.Lowercase, vault.Uppercase, vault.Digits, "!#%+")
	if err != nil {
		panic(err)
	}
	fmt.Println(strings.ContainsAny(p.Reveal(), "!#%+"))

	_, err = vault.NewPassword(16)
	fmt.Println(errors.Is(err, vault.ErrPassword))
	// Output:
	// [redacted:secret] 32
	// true
	// true
}

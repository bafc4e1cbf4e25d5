package totp_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp"
)

// codeAt is the app on the approver's phone.
func codeAt(step uint64) string {
	mac := hmac.New(sha1.New, rfcSecret.Reveal())
	mac.Write(binary.BigEndian.AppendUint64(nil, step))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

func anns(context.Context, supportgrant.Person) (redact.Secret[[]byte], error) { return rfcSecret, nil }

// A code approves what it was asked for, once.
func Example() {
	ctx := context.Background()
	codes, err := totp.New(totp.NewMemory(nil), anns) // in a program: the store of package supportgrantsql
	if err != nil {
		panic(err)
	}
	i := intent() // in a program the service makes it, and calls Begin and Verify
	challenge, err := codes.Begin(ctx, i)
	if err != nil {
		panic(err)
	}
	code := codeAt(uint64(time.Now().Unix() / 30))
	evidence, err := codes.Verify(ctx, i, challenge.State, []byte(code))
	fmt.Println(evidence.Method, evidence.PhishingResistant, err)

	_, err = codes.Verify(ctx, i, challenge.State, []byte(code))
	fmt.Println(err)
	// Output:
	// totp false <nil>
	// totp: code of a step that was used: supportgrant: the second factor did not confirm this
}

// The code that confirmed a new secret, or logged somebody in, approves nothing.
func ExampleTOTP_Confirm() {
	ctx := context.Background()
	codes, err := totp.New(totp.NewMemory(nil), anns)
	if err != nil {
		panic(err)
	}
	secret := rfcSecret // in a program: totp.NewSecret()
	uri, err := totp.URI("Example", "ann@example.com", secret)
	if err != nil {
		panic(err)
	}
	fmt.Println(uri) // nobody logs it by accident; uri.Reveal() is for the QR code

	code := codeAt(uint64(time.Now().Unix() / 30)) // what Ann's app shows
	fmt.Println(codes.Confirm(ctx, secret, code))
	fmt.Println(codes.Use(ctx, "ann", code))
	// Output:
	// [redacted:secret]
	// <nil>
	// totp: code of a step that was used: supportgrant: the second factor did not confirm this
}

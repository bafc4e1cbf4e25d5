package archive_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"log"
	"time"

	"filippo.io/age"

	"github.com/bailiwick-dev/bailiwick/dsar/archive"
)

func Example() {
	_, private, _ := ed25519.GenerateKey(nil)
	signer, verifier, err := archive.Key("desk.example", private)
	if err != nil {
		log.Fatal(err)
	}
	person, err := age.GenerateX25519Identity() // theirs; or archive.Passphrase
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	w, err := archive.NewWriter(&file, archive.Options{Request: "r-17", Title: "Your data", At: time.Unix(1_790_000_000, 0), Signer: signer,
		Recipients: []age.Recipient{person.Recipient()}})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Abort()
	_ = w.Table(archive.Table{Name: "ticket", Columns: []archive.Column{{Name: "id", Kind: archive.Integer}, {Name: "subject"}}})
	_ = w.Row([][]byte{[]byte("9007199254740993"), []byte(`=HYPERLINK("https://evil.example")`)}, nil)
	if _, err := w.Close(); err != nil { // says what failed before, too
		log.Fatal(err)
	}

	r, size, err := archive.Decrypt(bytes.NewReader(file.Bytes()), int64(file.Len()), person)
	if err != nil {
		log.Fatal(err)
	}
	m, err := archive.Verify(r, size, verifier)
	fmt.Println(m.Rows, err)
	a, _ := archive.Open(r, size, verifier)
	for line := range a.Lines("ticket") {
		fmt.Printf("%s\n", line)
	}
	_, _, err = archive.Decrypt(bytes.NewReader(file.Bytes()), int64(file.Len()-1), person)
	fmt.Println(err)
	// Output:
	// 1 <nil>
	// {"id":"9007199254740993","subject":"=HYPERLINK(\"https://evil.example\")"}
	// archive: not a whole archive: it cannot be decrypted
}

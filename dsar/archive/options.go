package archive

import (
	"errors"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"
)

// What is refused.
var (
	// ErrOptions: something that an archive needs is missing, or it was not said whom it is encrypted to.
	ErrOptions = errors.New("archive: bad options")
	// ErrTable: a table or a row that does not fit.
	ErrTable = errors.New("archive: bad table")
	// ErrClosed: the archive is finished, or was given up.
	ErrClosed = errors.New("archive: closed")
	// ErrInvalid: it is no archive of this format, is cut off, was changed, or holds something that its manifest does not name.
	ErrInvalid = errors.New("archive: not a whole archive")
	// ErrUnsigned: none of the keys signed it.
	ErrUnsigned = errors.New("archive: not signed by a key that is known")
)

// Options say what an archive is, who signs it and who can read it.
type Options struct {
	Request     string    // the id of the request; no personal data, it is on the first page
	Title       string    // what it is: "Your data (Art. 15 GDPR)"
	Application string    // whose it is: "Helpdesk"
	At          time.Time // of the snapshot, by the database's clock
	Map         string    // the hash of the map it was made by
	Info        Info      // Art. 15(1)

	// Signer signs the manifest: a key of package audit, one from [Key], or whatever keeps an Ed25519 key.
	Signer note.Signer

	// Recipients can read the archive, nobody else: see [Passphrase]. Without any, [NewWriter] refuses, unless Unencrypted says
	// that the archive stays where it is made, or that something else encrypts it.
	Recipients  []age.Recipient
	Unencrypted bool

	// Split is how many bytes of text a file has before the next one begins, after the row with which it got that long: 8 MiB if
	// it is 0, 1 KiB at least. Memory is a few times this.
	Split int64
}

const (
	defaultSplit = 8 << 20
	pageSplit    = 512 << 10 // bytes of a page of HTML
	mostRows     = 1_000_000 // of a file: spreadsheets show 1,048,576
	readable     = 5_000     // rows of a table that are on pages; nobody reads on
)

func (o *Options) check() error {
	switch {
	case o.Request == "" || o.At.IsZero():
		return errors.Join(ErrOptions, errors.New("archive: it needs a request and a time"))
	case o.Signer == nil:
		return errors.Join(ErrOptions, errors.New("archive: it needs a signer"))
	case len(o.Recipients) == 0 && !o.Unencrypted:
		return errors.Join(ErrOptions, errors.New("archive: it is encrypted to nobody, and nobody said Unencrypted"))
	case len(o.Recipients) > 0 && o.Unencrypted:
		return errors.Join(ErrOptions, errors.New("archive: it is encrypted, and said to be Unencrypted"))
	case o.Split != 0 && o.Split < 1<<10:
		return errors.Join(ErrOptions, errors.New("archive: files are split below 1 KiB"))
	}
	if o.Split == 0 {
		o.Split = defaultSplit
	}
	o.At = o.At.UTC().Truncate(time.Second)
	return nil
}

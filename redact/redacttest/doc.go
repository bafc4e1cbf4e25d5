// Package redacttest plants canaries in an application's own logger, error reporter and HTTP handlers, reads the bytes that
// come out, and fails on any that survived.
//
//	func TestNothingSensitiveIsLogged(t *testing.T) {
//		redacttest.Logger(t, func(w io.Writer) *slog.Logger { return app.NewLogger(w) })
//	}
//
// A canary is a made-up value that looks like a secret or like personal data to everybody: a password behind its key, a
// token of a known shape, a card number, an address of mail. Each is written in each of the [Forms], such as JSON within
// JSON or a percent-encoded query, and put in each position that the attacked thing has: the message, an attribute, a
// group, a field of a struct, the cause of an error, a header, a cookie, a body. For each pair a fresh logger, reporter or
// handler is opened on a writer, is used once, and what it wrote is searched for the canary: as it is, in any case, in part
// (eight characters in a row, of numbers ten digits), backwards, with separators within, and behind the usual encodings, up to three one in the
// other: escapes of JSON and Go, percent, HTML entities, quoted-printable, base64 and base32 wherever they were cut,
// hexadecimal, lists of bytes, UTF-16, gzip, zlib.
//
// Nothing written at all is a failure too, for silence proves nothing.
//
// The kit has no need of a redactor of this library: it judges bytes. It is no proof for values that nobody could know to
// be sensitive, such as a name in a free text.
package redacttest

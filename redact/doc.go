// Package redact takes secrets and personal data out of what leaves an
// application beside its answers: logs, error reports, dumps, public surfaces.
//
// # Use
//
// One [Redactor] serves the whole program:
//
//	r := redact.Default()
//	log := slog.New(r.Handler(slog.NewJSONHandler(os.Stderr, nil))) // every attribute, group, error and message
//	r.String("card 4111 1111 1111 1111")                            // "card [redacted:card]"
//	redact.Copy(r, request)                                         // a struct for a dump, by its tags and texts
//	BeforeSend: redact.Hook[sentry.Event, *sentry.EventHint](r)     // an error reporter, in one line
//	BeforeSendLog: redact.HookOf[sentry.Log](r, attribute.StringValue)
//
// [Redactor.Writer] does the same to a stream, [Redactor.JSON] to JSON without decoding it, [Redactor.Transport] and
// [Redactor.Middleware] to what an HTTP log shows; there are methods for headers, URLs, queries, data source names,
// SQL and errors.
//
// [Secret] is a field that prints as a label wherever it ends up. [View] is an allow list: what a public page or API
// shows of a struct. [Class] is the vocabulary of what data is about. Package redacttest plants canaries in your own
// logger, error reporter and handlers, and fails if one comes out.
//
// # Promises
//
//   - Text is read in one pass without regular expressions, and clean text is returned as it is, without an allocation.
//   - A key is compared word by word: "db_password" names a secret, "monkey" and "next_page_token_count" do not.
//   - A label is never matched again; what takes the place of a value keeps JSON valid and UTF-8 whole; a stream comes out
//     as the whole text would.
//   - Where two matches overlap, they become one: the kind is that of the longer, or else of the one first in the order of
//     the [Kind] constants.
//   - Secrets are labelled or dropped, never shown in part and never pseudonymised; no pseudonym is made without a key.
//   - Structured values fail closed: what is beyond the [Limits], or whose own code panics, becomes a label. Nothing that
//     was passed in is changed, but by [Scrub].
//
// # Limits
//
// A redactor finds what has a shape, a check digit, or a name beside it. A name of a person in a sentence, a password
// without its key, a secret in an image or a compressed body have none: keep them out of logs, and use [Secret]. Some have
// one and are not found either: passwords that only their place in a line tells, but for the usual ones (ENV KEY value, .pgpass
// with the usual ports, AUTH user password, net user, chpasswd); one-time codes in sentences that are not English; hexadecimal
// values of which nothing but "key" or the name of a service is said; phone numbers without "+", a word beside them or a form that
// only phones have; state numbers without their name or the form they are printed in, when one check digit is all that tells
// them from an order number. Digits that pass a check digit by chance are hidden. A label is a wall to every
// rule: what holds one already, or has one right behind it, stays as it is, and a second pass hides nothing more. But for texts
// at the edges of what a rule may see (64 bytes back, 4 KiB ahead), since a label is seldom as long as what it stands for, and
// for rules of your own that look around a match. Values written to evade it (see [Strict]) can get through. It is the second
// net, not the first.
//
// # What is left to you
//
// Put the redactor in front of everything that leaves, standard error and panics of the runtime included. Tag the fields
// of your own structs. Run package redacttest over your own wiring.
package redact

// Package sentry shows that redact takes secrets and personal data out of what the Sentry SDK sends, on the bytes that
// reach a server. It is a module of its own, so that the SDK is not in the graph of the library.
package sentry

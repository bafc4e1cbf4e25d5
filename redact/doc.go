// Package redact takes secrets and personal data out of what leaves an
// application beside its answers: logs, error reports, dumps, public surfaces.
package redact

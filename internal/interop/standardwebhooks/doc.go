// Package standardwebhooks shows that vault/webhook and the reference library of Standard Webhooks for Go verify what the
// other signs, and that ours accepts nothing which the reference refuses. It is a module of its own, so that the reference
// is not in the graph of the library.
package standardwebhooks

// Package vault seals what must not be seen: the credentials of connections, and columns of the application's own
// tables. It is not complete yet, and its API may change.
package vault

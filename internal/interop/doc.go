// Package interop shows that others read what the audit log writes, and the audit log what they write: Tessera's
// fsck and POSIX log, the tile reader of golang.org/x/mod, and the test vectors of transparency-dev/merkle.
// It is a module of its own, so that none of them is in the graph of the library.
package interop

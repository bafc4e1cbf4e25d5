package rls

// genuine are the SHA-256 of the bodies of tenancy.id(), tenancy.fence() and tenancy.fence_key() that package
// tenantdb/postgres installs, newest last; older ones stay until its Setup replaces them. A test compares them
// with what Setup does install.
var genuine = map[string][]string{
	"id":        {"e6be5147c6d488700c7ee0cc2d4fa12d26c4dd93aa7dce9d9d2d5834f2e87a7f"},
	"fence_key": {"35b173f656d6f1751b8c84679491aa904994a7188fed408e9478f5e0ba73c27e"},
	"fence":     {"d5d2156c4b3f00a54c9cacf5378ec5452f12d5a37b77c9863f8ca9d10fc034e0"},
}

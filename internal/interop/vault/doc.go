// Package vault checks package vault against what others publish: the test vectors of Wycheproof for every primitive it
// uses, and the keepers of gocloud.dev/secrets. It has a go.mod of its own, so that the library depends on none of them.
package vault

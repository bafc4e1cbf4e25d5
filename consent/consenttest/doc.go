// Package consenttest holds the contract of [consent.Store] as a test, for who writes one:
//
//	func TestTheStoreKeepsTheContract(t *testing.T) {
//		consenttest.Store(t, func(t testing.TB) consenttest.Harness { ... })
//	}
//
// It asks each sentence of the contract of several handles on the same rows, compares random histories with [consent.Memory], and has managers
// in several processes record what users and browsers say at once: then there is one chain, and the states are what it comes to.
package consenttest

// Package supportgranttest is what you test your own use of package supportgrant with.
//
// [Secrets] attacks your registry over your schema: it asks for everything, gets it, and tries to reach every column of every table it
// finds. Put a secret of its own into each column that nobody may see, and run it in your tests:
//
//	func TestSupportSeesNoSecret(t *testing.T) {
//		supportgranttest.Secrets(t, supportgranttest.Target{
//			Store: store, Registry: app.Registry, Tenant: tenant, Secrets: []string{"hash-of-ann", "token-of-ann"},
//		})
//	}
//
// [Factor] and [People] are a second factor and a directory for tests. Who writes a [supportgrant.Store] finds its executable contract
// in package supportgranttest/storetest.
package supportgranttest

// Package supportgranttest is what you test your own use of package supportgrant with.
//
// [Factor] and [People] are a second factor and a directory for tests. Who writes a [supportgrant.Store] finds its executable contract
// in package supportgranttest/storetest.
package supportgranttest

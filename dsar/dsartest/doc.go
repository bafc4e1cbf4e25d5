// Package dsartest tries what an application does with package dsar.
//
// [Try] tries its map, in a throwaway database of its own:
//
//	func TestPrivacyMap(t *testing.T) {
//		db, ctx := seeded(t)                            // the migrations have run, rows of several people are there
//		dsar.Check(t, sqlDB, privacy.Map)               // the map is the database's
//		dsartest.Try(t, ctx, db, privacy.Map, dsartest.Trial{}) // and does what it should to these people
//	}
//
// [App] is an application in memory to try requests on: people with rows, engines that export and erase them, an outbox, an outsider, a
// sealer, an audit log. It counts what was done, and does wrong what it is told to.
//
// Package storetest beside it is the contract of [dsar.Store]; package world makes maps and rows up, and knows by brute force what has to
// become of each row. This package brings no test library along.
package dsartest

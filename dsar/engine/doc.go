// Package engine puts the parts of the dsar door together over a database of package tenantdb: requests are kept, data is found, exported,
// erased and looked for, tombstones are placed and receipts signed.
//
//	e, err := engine.New(db, privacy.Map, engine.Options{
//		Options:    dsar.Options{Key: key, Sealer: sealer, Recorder: log, Law: "eu-gdpr", Calendar: calendar, Tell: tell, Hide: hide, Show: show, Apply: apply},
//		Signer:     signer,
//		Recipients: recipients,
//		Stones:     stones, StoneKeys: keys,
//	})
//	err = e.Guard.Start(ctx)                        // refuses a database that was restored, until its tombstones are replayed
//	r, err := e.Open(ctx, dsar.Intake{Kind: dsar.Erasure, Person: person})
//	go e.Run(ctx, time.Minute, tenants)             // does what is due
//
// It adds nothing that an application could not write: each part has its own package, and every one of them can be replaced by setting the
// field of dsar.Options that it would fill in.
package engine

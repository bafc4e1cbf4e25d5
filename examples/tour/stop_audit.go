package main

import "github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"

var auditStop = stop{
	Name:  "audit",
	Begin: firsDay,
	Promises: []promise{
		{"What was recorded stays: nobody who can run SQL as the application takes it back.", []attack{
			{Name: "An event is rewritten", Sends: rewriteEvent, Try: refusedToApp(rewriteEvent)},
			{Name: "An event is deleted", Sends: deleteEvent, Try: refusedToApp(deleteEvent)},
			{Name: "An event is replaced by another", Sends: replaceEvent, On: tenantdb.SQLite, Try: refusedToApp(replaceEvent)},
			{Name: "The log is emptied", Sends: emptyLog, On: tenantdb.Postgres, Try: refusedToApp(emptyLog)},
			{Name: "The guard is removed first", Sends: dropGuardSQLite, On: tenantdb.SQLite, Try: refusedToApp(dropGuardSQLite)},
			{Name: "The guard is removed first", Sends: dropGuardPostgres, On: tenantdb.Postgres, Try: refusedToApp(dropGuardPostgres)},
			{Name: "A superuser has triggers skipped", Sends: skipTriggers + "; " + rewriteEvent, On: tenantdb.Postgres, Try: superuserSkipsTriggers},
			{Name: "After all that, an auditor verifies fir's log", Sends: "log.Bundle(…), then audit.Verify(…) with the public key and the notes kept outside", Try: auditorVerifies},
		}},
		{"Whoever changes the database itself, past the library and its triggers, is found out.", []attack{
			{Name: "An event is edited", Sends: "triggers off; UPDATE audit_event SET leaf = …: a refused export becomes a granted one", Try: editEvent},
			{Name: "An event is taken out", Sends: "triggers off; DELETE FROM audit_event WHERE seq = 17", Try: takeEvent},
			{Name: "Two events change places", Sends: "triggers off; UPDATE audit_event SET seq = …: 17 and 18", Try: swapEvents},
			{Name: "A name beside the log is replaced", Sends: "triggers off; UPDATE audit_open SET data = …: somebody else asked for the export", Try: replaceName},
			{Name: "The tail is cut off, with all that knows of it", Sends: "triggers off; DELETE events from 280 on, the tree, its tiles and checkpoints", Try: cutTail},
			{Name: "The log is rewritten, and signed with another key", Sends: "triggers off; edit event 17 and its hash; delete the tree; let the library grow it anew and sign it", Try: signAnew},
			{Name: "An earlier copy is handed in for the whole", Sends: "audit.Verify of a bundle taken before the day was over", Try: earlyCopy},
			{Name: "A log is made up, and signed with another key", Sends: "audit.Verify of a bundle of the same day with another outcome", Try: madeUp},
		}},
		{"An event is recorded with the change it tells of, or neither happens.", []attack{
			{Name: "A change is recorded and then rolled back", Sends: "db.Tx: UPDATE conversation …; log.Record(…); return an error", Try: rollBack},
			{Name: "An event that cannot be recorded", Sends: "db.Tx: UPDATE conversation …; log.Record(a reason that is no UTF-8)", Try: unrecordable},
			{Name: "The log is gone while a page is asked for", Sends: "ALTER TABLE audit_event RENAME TO audit_event_lost; then GET / through log.Middleware", Try: logIsGone},
		}},
		{"People are forgotten, and the log still verifies.", []attack{
			{Name: "Somebody whose data a court wants kept is erased", Sends: "log.Hold(…); log.Erase(…); DELETE FROM audit_open", Try: eraseHeld},
			{Name: "Noor is erased, and looked for everywhere", Sends: "log.Erase(ctx, audit.Erasure{Subject: \"visitor:v-81\", …}), then verify again", Try: forgetNoor},
			{Name: "Values are removed by hand, past the log", Sends: "DELETE FROM audit_open: who asked for the refused export", Try: eraseByHand},
		}},
	},
}

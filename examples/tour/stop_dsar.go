package main

import "github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"

var dsarStop = stop{
	Name:  "dsar",
	Begin: oaksPeople,
	Promises: []promise{
		{"Nothing leaves before it is known who asks.", []attack{
			{Name: "A customer asks for another one's data", Sends: "her number, by somebody else's session, and by none", Try: askForAnothers},
		}},
		{"What was approved is what is erased, and a legal hold wins.", []attack{
			{Name: "A plan is approved that is another one", Sends: "e.Approve(ctx, request, \"sha256:ffff\"); before, and after it is known who asks", Try: approveAnother},
			{Name: "Somebody under a legal hold is erased", Sends: "an approved erasure goes on", Try: holdOne},
		}},
		{"Who was erased is gone, nobody else is, and no backup brings them back.", []attack{
			{Name: "A customer is erased, and looked for everywhere", Sends: "her address, in every byte that is kept", Try: eraseOne},
			{Name: "The receipt is edited", Sends: `"rows":1…`, Try: editReceipt},
			{Name: "A backup from before is restored", Sends: "the copy of oak's file from before she was erased", On: tenantdb.SQLite, Try: restoreBackup},
		}},
	},
}

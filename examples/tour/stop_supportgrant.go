package main

var supportStop = stop{
	Name:  "supportgrant",
	Begin: neemsTrouble,
	Promises: []promise{
		{"Support reads what a customer's owner granted, and nothing without.", []attack{
			{Name: "Support reads before anybody approved, and by other grants", Sends: "a request that waits; another's grant; birch's; one for other data", Try: readUngranted},
			{Name: "Support approves itself", Sends: "sam approves his own request; so does dora, who is of the staff and an owner", Try: approveItself},
			{Name: "A code is used again", Sends: "the owner's code of one approval, for the next", Try: useCodeAgain},
			{Name: "A request is approved in the database", Sends: "UPDATE supportgrant_grant SET state = 'approved' …; a later end; another scope", Try: approveByHand},
		}},
		{"What a grant gives is listed.", []attack{
			{Name: "Support asks for more columns, and for secrets", Sends: "member_id; a condition on customer_id; a resource with secret_hash", Try: readMore},
		}},
		{"A withdrawal is in force when it returns.", []attack{
			{Name: "Eight readers are at it", Sends: "s.Withdraw(ctx, …), 5 times, while each shows what it reads", Try: withdrawWhileReading},
			{Name: "Who had the grant leaves", Sends: "sam is off the staff, reads, and comes back", Try: leaveWithGrant},
		}},
		{"Who looked at what is told, or nobody looks.", []attack{
			{Name: "The audit log takes nothing any more", Sends: "a read under a live grant", Try: readUnrecorded},
			{Name: "The trail is swept", Sends: "DELETE FROM supportgrant_entry; UPDATE supportgrant_entry SET acted_by = 'nobody'", Try: sweepTrail},
		}},
	},
}

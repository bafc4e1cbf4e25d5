package main

var rbacStop = stop{
	Name:  "rbac",
	Begin: junipersTeam,
	Promises: []promise{
		{"Nobody gives what they do not hold.", []attack{
			{Name: "An editor makes herself an admin", Sends: `a.SetRoles(ctx, edda, edda, "admin")`, Try: promoteHerself},
			{Name: "A role is made with more than its maker may do", Sends: `a.SaveRole(ctx, lea, {"helper", orders.margins})`, Try: widenRole},
			{Name: "An invitation outlives its sender's rights", Sends: "lea invites a lead, becomes a viewer, and the invitation is accepted", Try: acceptLate},
			{Name: "Two owners remove each other", Sends: "a.Remove(ctx, ada, bea) and a.Remove(ctx, bea, ada) at once, 50 times", Try: removeEachOther},
		}},
		{"A token does what it was given for.", []attack{
			{Name: "A token that reads is used to write", Sends: "POST /inbox with a token of scope conversations.read", Try: tokenWrites},
			{Name: "It is used from elsewhere, in another tenant, and after its end", Sends: "its networks, its tenant, and a.RotateToken(ctx, ada, id, 0)", Try: tokenElsewhere},
			{Name: "It is changed at each place, and guessed", Sends: "every byte + 1; 5,000 well-formed guesses", Try: guessTokens},
			{Name: "The database is read for tokens", Sends: "every table and file is searched for the token", Try: readForTokens},
		}},
		{"Who leaves is out, and doubt lets nobody in.", []attack{
			{Name: "A leaver goes on, here and in another process", Sends: "a.Remove(ctx, ada, edda), then edda asks, and acts by what she was", Try: leaverGoesOn},
			{Name: "The database does not answer", Sends: "a.Member(ctx, ada), with what was known before", Try: doubtIsNo},
		}},
		{"The public reaches what is listed.", []attack{
			{Name: "The chat widget tries every route", Sends: "each route of the application, as the widget", Try: widgetTriesAll},
			{Name: "A stranger guesses an order's e-mail address", Sends: `{"number":"1007","email":"…"}`, Try: guessOrder},
		}},
	},
}

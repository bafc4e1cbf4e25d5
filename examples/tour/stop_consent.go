package main

var consentStop = stop{
	Name:  "consent",
	Begin: larchsVisitors,
	Promises: []promise{
		{"Before a yes there is what is essential, and nothing else.", []attack{
			{Name: "A handler sets every cookie, in each way there is", Sends: "Header().Add, \"set-cookie\", a flush, 103 Early Hints, a trailer, a hijacked connection", Try: setEveryCookie},
			{Name: "A yes is made up", Sends: "consent=all; a real yes with each character changed; another tenant's yes", Try: makeUpYes},
			{Name: "Another site's page posts the yes", Sends: "POST /answer, Origin: https://evil.example", Try: postElsewhere},
		}},
		{"An opt-out signal is obeyed at once, and follows its user.", []attack{
			{Name: "All was accepted before the signal", Sends: "accept all; then Sec-GPC: 1; then no signal again", Try: acceptThenSignal},
			{Name: "The signal is on the phone, the yes on the laptop", Sends: "laptop: accept all; phone, the same user: Sec-GPC: 1; laptop again", Try: signalElsewhere},
		}},
		{"What is taken back stays back.", []attack{
			{Name: "An old cookie is sent after the withdrawal", Sends: "laptop: accept all; phone: withdraw, and accept again; laptop: the cookie of before", Try: replayYes},
			{Name: "Nobody can say what the user said", Sends: "accept all; then the store fails; then withdraw", Try: askWithoutLedger},
		}},
		{"Who agreed to what is proved, and who is forgotten is.", []attack{
			{Name: "The ledger is rewritten", Sends: "UPDATE consent_row …; DELETE …; UPDATE consent_text …", Try: rewriteLedger},
			{Name: "A person who was forgotten is looked for", Sends: `m.Forget(ctx, user), then m.History(ctx, user), and a chain that still verifies`, Try: findForgotten},
		}},
	},
}

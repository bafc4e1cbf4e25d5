package main

var redactStop = stop{
	Name: "redact",
	Promises: []promise{
		{"Secrets and personal values that went into a log line do not come out of it.", []attack{
			{Name: "A message, attributes, groups and an error full of them", Sends: `log.Info("sign-in of " + email, "password", …, slog.Group("payment", …), "error", err)`, Try: leakByLog},
			{Name: "The same text, cut at every byte", Sends: "the text is written to a redacting io.Writer in two pieces, at each place", Try: leakByPieces},
			{Name: "Words that only look like secrets", Sends: lookalikes, Try: hideTheInnocent},
		}},
		{"An error report leaves without them, or does not leave.", []attack{
			{Name: "A report with breadcrumbs, headers, variables and a message", Sends: "BeforeSend: redact.Hook[report, hint](r)", Try: leakByReport},
			{Name: "A report that cannot be looked through", Sends: "a report with a value whose own code panics", Try: leakByPanic},
		}},
		{"A struct shows what was listed for it, and its secrets print as labels.", []attack{
			{Name: "A struct full of secrets is printed in every way", Sends: "fmt's verbs, json, slog, of a value with redact.Secret fields and tags", Try: leakByPrinting},
			{Name: "A public page is made of a struct that grew a field", Sends: "redact.NewView[product](\"Name\", \"Price\"); then Margin and Supplier are in the struct", Try: leakByView},
		}},
	},
}

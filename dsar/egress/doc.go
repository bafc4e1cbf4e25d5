// Package egress lets staff take data out in bulk only through a policy: to sinks that were approved, encrypted, within limits, for a reason
// and a ticket, recorded before it happens, and above a threshold with a second person.
//
// # Use
//
//	guard, err := egress.New(store, egress.Policy{
//		Sinks: []egress.Sink{{Name: "legal", Type: "s3", Destination: "s3://acme-legal", Recipient: "age1…", Encrypt: toLegal, Open: openBucket}},
//		Once:  egress.Limit{Rows: 1e6, Bytes: 1 << 30}, Day: egress.Limit{Rows: 2e6, Bytes: 2 << 30}, Alone: egress.Limit{Rows: 1000, Bytes: 1 << 20},
//	}, egress.Options{Recorder: log})
//	e, err := guard.Ask(ctx, egress.Ask{ID: "x-17", By: "eve", Sink: "legal", Tables: []string{"ticket"}, Limit: egress.Limit{Rows: 50_000, Bytes: 1 << 25},
//		Reason: "disclosure to the court", Ticket: "LEGAL-17"})
//	e, err = guard.Approve(ctx, "x-17", e.Hash, "mallory") // what she was shown
//	s, err := guard.Open(ctx, "x-17", "eve")
//	defer s.Stop(ctx)
//	… s.Rows(1) and s.Write(row), for each …
//	e, err = s.Finish(ctx)
//
// # Promises
//
//   - Data goes nowhere but to a sink of the policy: the [Guard] opens it, and encrypts what is written to it. An Encrypt that hands
//     on what it is given is found out before a byte is out.
//   - What one export, and one person in any 24 hours, may take out is counted before it begins, all that was asked for, and again as it
//     flows. At the limit the stream stops for good, and what is at the sink does not decrypt to its end.
//   - Above [Policy].Alone a second person approves, who is not the first. An approval is for one hash: of who asked, for what, how much, where
//     it goes and who can read it. A policy that sends it elsewhere since, or more of it, makes it void. It ends, and is good for one export.
//   - Each ask, approval and refusal, each beginning before a byte has left, and each end is in the audit log, or the thing does not happen.
//
// # Limits
//
// Rows are counted as [Stream.Rows] is told; bytes are counted here. What was already at the sink when a stream stopped is there, as long as the
// sink's writer cannot undo it: encrypted, and cut off. Who can read the database reads it without this package.
//
// # What you must do yourself
//
// Authenticate people, write each one's id in one form, and let nobody be two. Say in [Options].May who may ask and who may approve. Keep the
// recipients' keys away from those who ask. A query may name people: it is kept in the store, and its SHA-256 in the audit log.
package egress

// Package retention removes rows when their time is over though nobody asks (Art. 5(1)(e) GDPR): each tenant's, by the periods of the map of
// package dsar or the tenant's own.
//
// # Use
//
//	s, err := retention.New(db, compiled, journal, store, marks, retention.Options{Recorder: log, Expire: eraser.Expire, People: people})
//	plan, err := s.Plan(ctx)                                            // what would go; changes nothing
//	report, err := s.Sweep(ctx, retention.Job{ID: "2026-11-22"})        // once a day for each tenant, by a worker
//	report, err = s.Sweep(ctx, retention.Job{ID: "first", Plan: plan, Confirmed: plan.Hash}) // after somebody looked at it
//	err = s.Set(ctx, "tickets", dsar.Period{Years: 1}, "user 7")        // a tenant's own period
//
// A table is swept if the map gives it a dsar.Retention: rows go, or are masked, whose anchor column is older than the period, and which meet its
// condition, if it has one, as each batch begins. Rows that
// belong to them, by an owner's link, and whose table has no period of its own, go with them, first. Rows that erasures kept for a reason
// ([Options].Expire) go when that ends.
//
// # Promises
//
//   - What a legal hold is on is not touched: the whole tenant, a table, or a person's rows, as of each batch. If it is not known who is
//     held, no table goes that has rows of people of the map.
//   - A row that was kept for a reason stays until the reason ends. A row that others point at stays until these are gone: nothing goes by
//     ON DELETE CASCADE behind the sweeper's back. A row without a plausible time in its anchor stays.
//   - A sweep that would remove more than [Options].Share of a table, and more than [Options].Small rows, or more than [Options].Rows of it, does
//     nothing before somebody confirmed its plan by the hash.
//   - A clock that is wrong deletes nothing: the database's is compared with this machine's and with the latest time that it is known to have
//     shown. Both back and ahead.
//   - A tenant's period is never shorter than [Options].Least nor longer than the map's reason to keep, whatever stands in the settings.
//   - Batches are committed with the journal's step, so that a sweep that was cut short goes on under its ID and counts each row once.
//   - Begin and end are in the audit log; what cannot be recorded does not begin.
//
// # Limits
//
// Periods are reckoned back from now, to the last day of a shorter month: a row may stay up to three days longer than the calendar's
// sum, never less; a date without a time counts from its end. Masked columns can be made null or constant, or truncated. Only rows go
// that ctx's tenant can see. Anchors on SQLite are ISO 8601 texts or numbers since 1970. A restriction of processing (Art. 18) is no hold: place one.
//
// # What you must do yourself
//
// Give [Options].People, so that holds on persons do not stop whole tables. Index anchors. Call Sweep for each tenant. Look at the reports:
// Undated rows never go by themselves.
package retention

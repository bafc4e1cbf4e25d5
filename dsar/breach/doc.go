// Package breach is a register of personal data breaches: what happened, what it does to people, what was done about it, who was told, and
// by when they had to be. It is what GDPR art. 33(5) has a controller keep.
//
// # Use
//
//	register, err := breach.New(store, breach.Options{Recorder: log, Calendar: deadline.Calendar{Zone: dublin}})
//	b, err := register.Add(ctx, breach.Entry{Breach: "2026-004", Key: "open", Kind: breach.Opened, At: t, By: officer,
//		Aware: t, Laws: []string{"eu-gdpr", "au-ndb"}, Facts: "a backup was readable to anyone"})
//	duties, late, err := register.Duties(ctx, "2026-004")
//
// A breach is its entries, which are only added to: it is opened, [Confirmed] where it was only suspected, [Assessed], [Supplemented] as
// more becomes known, [Notified] to the authority and to the people, or [Excused] with a reason, and [Closed].
//
// # The clocks
//
// [Rules] are cited, dated rows, which you can replace:
//
//	eu-gdpr gb-ukgdpr  72 hours to the authority from awareness; to people without undue delay if the risk is high
//	au-ndb             30 days to assess a suspicion; then the Commissioner and people as soon as practicable
//	br-lgpd            3 working days, to both
//	kr-pipa            72 hours, to both
//	sg-pdpa            3 days to the authority from the assessment
//	us-ca us-ny        30 days to people; in California 15 more to the Attorney General
//
// Where a law gives no figure, [Duty].Due is zero and Rule.Words has what it says. 72 hours are hours that pass, over weekends too; that
// Regulation (EEC, Euratom) 1182/71 might give more is not used. A breach that was not assessed owes whatever would depend on the risk.
//
// # What is promised
//
// No entry is changed or removed: each holds the hash of the one before it, and the audit log has each hash. An entry that the audit log does
// not take is not written, where store and log share a transaction; elsewhere the log may have an event of an entry that was not written,
// and the same entry again, under its key, mends that. Awareness moves to an earlier time only, and no time is in the future of the store's
// clock. What was late has a reason, and a breach closes when nothing is owed. The texts are not in the audit log.
//
// # Limits
//
// Who writes to the database can change all of a breach's entries and hashes alike: then they are not those that the audit log has, which
// [Register.Breach] does not look at. Whether a breach must be told, how high the risk is, and thresholds that are in a rule's Words, are
// decided by people. A law that has no row for the day is not thereby without duties. Duties of processors, contracts, insurers and sectors
// have no rows.
//
// # What you must do yourself
//
// Keep people's names out of IDs and keys, and out of the texts where you can. Look at [Register.Duties] often enough: nobody is paged. Have
// somebody who knows the law look at the rows that you use. None of this is legal advice.
package breach

// Package deadline reckons when a person's request about their data must be acknowledged, answered and extended by, and says which rule of
// which law says so. It imports the standard library only, reads no clock, and can be used without the rest of this library.
//
// # Use
//
// Compile the rules once, say in which place the days are counted, and ask:
//
//	laws, err := deadline.Compile(deadline.Rules()...)
//	calendar := deadline.Calendar{Zone: brussels, Holiday: deadline.Holidays(days...)}
//	clock, err := laws.Clock("eu-gdpr", deadline.Access, deadline.Facts{Received: t}, calendar)
//	clock.Answer.Day  // the last day on which the answer is in time
//	clock.Answer.Cite // GDPR art. 12(3), ...
//
// Facts has the times when the person was asked who they are or what they mean, and when they answered: what that does to the clock is
// the law's to say. Under the GDPR it stops, under the UK GDPR since 2026 proof of identity begins it, and in California nothing stops it.
//
// # The rules
//
// [Rules] are rows with a law, kinds of requests, the days from and until which they count, a citation for each period, where they were
// read, and when. The laws are:
//
//	eu-gdpr          GDPR, by Regulation (EEC, Euratom) 1182/71: one month, three when extended
//	gb-ukgdpr        UK GDPR: the same length; art. 12A from 2026-02-05
//	us-ca            CCPA: 10 business days, 45 and 90 days; opting out and limiting 15 business days
//	us-co us-ct us-or us-tx us-ut us-va   45 and 90 days
//	au-agency        APP 12 and 13: 30 days
//	au-organisation  APP 12 and 13: a reasonable period; 30 days by the OAIC's guidance
//	br-lgpd          LGPD: 15 days for access; no figure for other requests
//	ca-qc ca-pipeda  Quebec 30 days; PIPEDA 30, and 60 when extended
//	ch-dsg kr-pipa nz-privacy tw-pdpa   30 days; 10 days; 20 working days; 15 or 30 days, and twice that when extended
//
// To correct a row, or add one, change what [Rules] returns before compiling it. A law without a figure for a kind has a Rule with Words
// and a [Due] that is zero; a law that has no row for it is an [ErrNoRule].
//
// # What is promised
//
// A month ends on the same date, or on the last day of a month that has none: 31 January, then 28 or 29 February. Where the law rolls, a
// period whose last day is of a weekend or a holiday ends on the next working day; an extension counts from receipt and not from the
// rolled day. A day ends when the calendar's zone says so, through changes of clocks. A holiday that the calendar does not know, a pause
// that is still open, and a row that does not say that its clock stops make a deadline earlier, never later.
//
// # Limits
//
// Which law applies, to whom, and whether a doubt about identity was reasonable or a question asked without undue delay, nobody can
// reckon. Thresholds, exemptions and shorter duties ("at once") stay yours, as do transitional provisions: the row is that of the day of
// receipt. Days that are cited as a general guide are marked as Guidance. "Working day" is weekend and [Calendar.Holiday]: a statute that
// leaves out more days, as New Zealand's does around the new year, needs them among the holidays. There are no holidays built in.
//
// # What you must do yourself
//
// Have somebody who knows the law look at the rows that you use, and again when AsOf has grown old. None of this is legal advice.
package deadline

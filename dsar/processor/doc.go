// Package processor tells external processors (Art. 28 GDPR: the service that sends your mail, the one that counts your visits) to erase or
// hand out what they have about a person, and says honestly what came of it.
//
// # Use
//
//	mail, err := processor.NewWebhook(processor.WebhookOptions{Name: "mail", URL: "https://hooks.mail.example/privacy", Signer: signer})
//	visits, err := processor.NewOpenDSR(processor.OpenDSROptions{Name: "visits", Base: "https://opendsr.visits.example/v2", ...})
//	all, err := processor.NewSet(store, processor.Options{}, mail, visits)
//	calls, err := all.Erase(ctx, processor.Job{Request: id, Law: "gdpr", Submitted: t, Identities: []processor.Identity{
//		{Type: processor.Email, Value: redact.NewSecret(address)}}})
//
// A [Processor] is anything that can be told: a signed webhook ([Webhook], Standard Webhooks 1.0.0 by a [Signer] such as that of package
// vault/webhook), an OpenDSR 2.0 endpoint ([OpenDSR]), or one of your own. A [Set] calls each of them, tries again what may be tried again,
// and keeps one [Call] for each processor and job.
//
// # What came of it
//
//	done         the processor says, for this job by its key, that it did it
//	nothing      it says so, and that it had nothing
//	accepted     it took the job and has not done it yet: ask later, or be called back
//	refused      it said no
//	unconfirmed  anything else: no answer, an answer without the job's key, one that is not signed as it must be, a 200 that says nothing
//
// Unconfirmed is what stands in the receipt then: the data may still be there.
//
// # Promises
//
//   - A job has one idempotency key at each processor, whatever process tries it and however often: [Key].
//   - An answer counts once. What is done stays done, whatever comes later and in whatever order.
//   - An answer counts only if it names the job by its key, and an OpenDSR one only if the certificate of the processor's domain signed it.
//   - Trying again waits longer each time, at random, no longer than [Options].For; what cannot get better is not tried again.
//   - No request goes to an address inside of your network, whatever a name resolves to, nor through a proxy of the environment, nor along a
//     redirect: [Guard].
//   - An answer is read to a limit, in a limited time.
//   - Errors, calls and the store hold no personal value.
//
// # Limits
//
// Whether a processor did what it says, nobody can see from here. Whether a certificate was revoked is not asked; it is fetched again each
// day. OpenDSR has no signature on /discovery: TLS vouches for that. A call that was sent and never answered may have been done.
//
// # What you must do yourself
//
// Have a contract with each processor that says what its answers mean. Ask again what is unconfirmed or accepted ([Set.Check]), and take it up
// with the processor when [Call].Expected has passed.
package processor

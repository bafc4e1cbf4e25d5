// Package banner asks visitors for consent on a page, and does in the browser what they answer.
//
//	m, err := consent.New(consent.Config{Registry: policies, Keys: keys})
//	b, err := banner.New(m, banner.Options{PolicyURL: "/privacy"})
//	handler = gate.Middleware(b.Wrap(mux))           // instead of m.Wrap: it answers what the banner asks for, too
//	fmt.Fprintf(w, "<body>%s...", b.HTML(r))         // first in the body of every page
//
// What waits for consent stands in the page without a src, and is opened when its category is allowed, or all of several:
//
//	<script type="text/plain" data-consent="analytics" data-src="https://stats.example/a.js" data-type="module"></script>
//	<iframe data-consent="marketing" data-src="https://video.example/1"></iframe>
//	<img data-consent="analytics marketing" data-src="https://stats.example/pixel" alt="">
//
//	consent.allows("analytics")                      // in a script of yours
//	const drafts = await consent.store("drafts")     // a database of the manifest: get(key), set(key, value), delete(key)
//	consent.scan()                                   // after adding elements that wait
//	document.addEventListener("consent", e => ...)   // e.detail are the categories that are allowed
//
// # What holds
//
//   - The banner is a form of the server's. Without a script it is asked, answered, and withdrawn from in one click; before an answer nothing is
//     stored, and no other host is asked for anything. Nothing is ticked.
//   - Rejecting stands beside accepting on the first layer, comes first, and has the same size, colours and font. It says that an opt-out signal was
//     honoured, and gives what a signal takes away no switch. The sale of data is opted out of on the first layer. Who opted out, or is signed in under a signal, has it back in a second step.
//   - It runs under "default-src 'self'; require-trusted-types-for 'script'" without a violation, and needs a Trusted Types policy, named
//     bailiwick-consent, only where scripts wait. It is usable by keyboard, at 320 CSS pixels, in forced colours and in both directions
//     of writing; nothing that has the focus is under it; nothing moves; and no page is behind a wall.
//   - The script opens nothing that the server did not allow for the page, or that the browser's cookie does not hold: a page that a
//     cache kept from somebody else opens nothing. After a withdrawal no tab of the browser asks a host that waits for consent, not even as the
//     page ends: a page in which such a script ran lets no more requests out to other hosts, and is loaded anew.
//   - What a withdrawal denies is deleted by name: cookies on the paths and domains they were declared with, and databases, caches and
//     keys by the script. What expired, or a signal took away, is deleted by the next page. Clear-Site-Data is sent only if nothing
//     that is allowed stores anything.
//   - A store keeps the time, bytes and entries that were declared for it, the least recently used entry goes first, and it works only as long
//     as its category is allowed.
//   - Only this origin's pages are answered to, and no yes is taken from a page in a frame, unless it is a widget's. The way back after an answer
//     leads to this origin. The text that was shown is in the answer, by its hash.
//   - In a widget ([consent.Config].Widget), a page of [Options].Hosts may pass on what it was told, by postMessage({consent: ["functional"]}): it counts
//     for what is open there, for this page, and not for the server.
//
// # Limits
//
// A script that ran cannot be made not to have run; it had what it wanted until the withdrawal, and a worker or service worker it
// started, or a socket it opened, ends with the page or later. Other tabs hear of a withdrawal a moment after it. Cookies of other paths that
// begin with a declared beginning, and what an older policy declared and the one in force does not, stay until they expire. What a script
// stores outside of a store has no budget, and what is not declared is not touched. Inline scripts cannot wait: they would need a policy
// that allows them. The size of what a store is given is that of a Blob, a buffer, or its JSON. Browsers without Sec-Fetch-Dest do
// not say that a page is in a frame. The tests look at Chromium alone.
//
// The words for built-in categories, and on buttons, are this package's and not in the hash of the text; give the policy texts for its
// categories if you want them there. The translations were made with care and by no lawyer.
//
// # What you must do yourself
//
// Put [Banner.HTML] into every page, or withdrawing is not as easy as agreeing. Declare what is stored. Have every third party's script,
// frame and image wait. Send frame-ancestors in your Content-Security-Policy, in a widget with the sites it is for. Serve over HTTPS: the cookies need it.
// Keep pages out of caches that do not look at Vary. Do not style the two buttons apart: it is unlawful where consent is asked for.
package banner

package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/stretchr/testify/require"
)

// codeOf is the authenticator app on somebody's phone (RFC 6238), and what it shows 30 seconds later.
func codeOf(t testing.TB, secret string, later uint64) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	require.NoError(t, err)
	step := uint64(time.Now().Unix()/30) + later
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, step))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// passkey gives a tab an authenticator that verifies its user, as a phone does.
func (b *tab) passkey() {
	b.T.Helper()
	call(b, webauthn.Enable, webauthn.EnableParams{})
	call(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
}

// asks has sam of support ask an organisation, in his browser.
func (b *tab) asks(ticket, minutes string) {
	b.T.Helper()
	b.open("/staff/")
	b.submit(`a[href="/staff/alder"]`)
	b.fill("#ticket", ticket)
	b.choose("#minutes", minutes)
	b.fill("#reason", "The list of conversations does not load")
	b.Click(`[value=posts]`)
	b.submit(`form[action$="/requests"] button`)
	require.Contains(b.T, b.text(), "The request was sent.")
}

// An owner sets up a passkey, is asked by support in plain words, shortens what was asked for, approves, sees the time run and who looked, and ends it.
func TestAnOwnerLetsSupportInByPasskeyAndSendsItAway(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	sam, ada := d.person("operator", "sam"), d.person("alder", "ada")
	ada.Size(1280, 760)
	sam.asks("T-4711", "60")
	sam.Shot("staff")

	ada.passkey()
	ada.open("/security")
	ada.submit(`form[action="/security/passkey"] button`)
	ada.Click(`[data-create]`)
	ada.Until(`document.body.innerText.includes('You have 1.')`)
	ada.open("/support")
	ada.submit(`main a[href^="/support/"]`)
	for _, plain := range []string{"sam of support asks to read", "posts", "1 hour", "T-4711", "The list of conversations does not load"} {
		require.Contains(t, ada.text(), plain)
	}
	ada.Shot("support-request")
	ada.choose("#minutes", "15")
	ada.submit(`[value=webauthn]`)
	require.Contains(t, ada.text(), "15 minutes, from now on")
	ada.Shot("support-approve")
	ada.Click(`[data-sign]`)
	ada.Until(`document.body.innerText.includes('Access was granted.')`)
	ada.Until(`/^00:1[45]:\d\d$/.test(document.querySelector('[data-until]').textContent)`)
	first := eval[string](ada, `document.querySelector('[data-until]').textContent`)
	ada.Until(`document.querySelector('[data-until]').textContent != '` + first + `'`)
	ada.Shot("support-live")

	sam.open("/staff/alder")
	sam.submit(`a[href$="/conversations"]`)
	require.Contains(t, sam.text(), "A question about my bicycle")
	require.NotContains(t, sam.text(), "Rosalind", "who wrote is no column of it")
	sam.Shot("granted")
	eval[bool](ada, `location.reload()||true`)
	ada.Until(`document.body.innerText.includes('conversations: id, subject, status')`)
	ada.submit(`main form[action$="/withdraw"] button`)
	require.Contains(t, ada.text(), "Access has ended.")
	eval[bool](sam, `(window.before = true, location.reload(), true)`)
	sam.Until(`document.body.innerText.includes('There is no access now.')`)
	require.Empty(t, ada.Violations())
	require.Empty(t, sam.Violations())
}

// While one browser reads again and again, another one ends it. What begins after that gets nothing.
func TestTwoBrowsersWithdrawWhileReading(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	sam, ada := d.person("operator", "sam"), d.person("alder", "ada")
	ada.open("/security")
	ada.submit(`form[action="/security/app"] button`)
	secret := eval[string](ada, `document.querySelector('[data-secret]').textContent`)
	used := codeOf(t, secret, 0)
	ada.fill("#code", used)
	ada.submit(`form[action="/security/app/confirm"] button`)
	require.Contains(t, ada.text(), "The authenticator app was added.")
	sam.asks("T-12", "30")
	ada.open("/support")
	ada.submit(`main a[href^="/support/"]`)
	ada.submit(`[value=totp]`)
	ada.fill("#response", used) // the one that set the app up
	ada.submit(`form[action$="/approve"] button`)
	require.Contains(t, ada.text(), "The second factor did not confirm this.", "a code is good once")
	ada.open("/support")
	ada.submit(`main a[href^="/support/"]`)
	ada.submit(`[value=totp]`)
	ada.fill("#response", codeOf(t, secret, 1))
	ada.submit(`form[action$="/approve"] button`)
	require.Contains(t, ada.text(), "Access was granted.")

	sam.open("/staff/alder")
	path := eval[string](sam, `document.querySelector('a[href$="/conversations"]').getAttribute('href')`)
	eval[bool](sam, fmt.Sprintf(`(window.reads = [], (async () => { for (;;) { const began = Date.now(), r = await fetch(%q), body = await r.text()
		reads.push({began, status: r.status, data: body.includes('bicycle')}); if (r.status != 200 && reads.filter(r => r.status != 200).length > 5) return } })(), true)`, path))
	sam.Until(`reads.filter(r => r.data).length >= 3`)
	ada.submit(`main form[action$="/withdraw"] button`)
	require.Contains(t, ada.text(), "Access has ended.")
	ended := time.Now().UnixMilli()
	sam.Until(`reads.filter(r => r.status == 403).length > 3`)
	reads := eval[[]struct {
		Began  int64
		Status int
		Data   bool
	}](sam, `reads`)
	for _, r := range reads {
		if r.Began > ended {
			require.False(t, r.Data, "%v after %d", reads, ended)
			require.Equal(t, 403, r.Status)
		}
	}
}

// GPC is the browser's own, and the same for all its pages: this test is not parallel.
func TestTheSignalIsHonouredAndSaid(t *testing.T) {
	d := openDesk(t)
	ada := d.person("alder", "ada")
	ada.open("/privacy")
	ada.Click(".bwc summary")
	ada.Click(".bwc [value=accept]")
	ada.Until(`consent.allows('marketing')`)
	ada.open("/privacy")
	require.Equal(t, 4, strings.Count(ada.text(), "\ton "), ada.text())
	ada.GPC(true)
	ada.open("about:blank")
	ada.open("/privacy")
	require.True(t, eval[bool](ada, `navigator.globalPrivacyControl`))
	require.Contains(t, ada.text(), "Your browser sends Global Privacy Control. We honour it")
	require.Equal(t, 3, strings.Count(ada.text(), "\ton "), ada.text())
	ada.Shot("privacy-gpc")
	require.Empty(t, ada.Violations())
}

// Somebody invites, connects, issues a token, filters the trail and verifies it, by clicks and keys.
func TestAnAdminsDay(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	ada := d.person("alder", "ada")
	ada.submit(`a[href="/conversations/alder-1-1"]`)
	ada.fill("#body", "Good morning, the spare part is on its way.")
	ada.submit(`[value=message]`)
	require.Contains(t, ada.text(), "Your answer was sent.")
	require.Contains(t, ada.text(), "the spare part is on its way")

	ada.submit(`nav a[href="/team"]`)
	ada.fill("#email", plants[2])
	ada.choose("#role", "editor")
	ada.submit(`form[action="/team/invitations"] button`)
	require.Contains(t, ada.text(), "The invitation is on its way.")
	link := strings.TrimPrefix(d.mailTo(plants[2]), "You are invited: "+d.base())
	hire := d.tab()
	hire.open(link)
	hire.fill("#name", plants[3])
	hire.fill("#email", plants[2])
	hire.submit(`main form button`)
	hire.at("Conversations")
	ada.open("/team")
	require.Contains(t, ada.text(), plants[3])
	ada.submit(`form[action="/team/reviews"] button`)
	ada.at("Access review")
	require.Contains(t, ada.text(), "4 of 4 are undecided")

	ada.submit(`nav a[href="/connections"]`)
	ada.fill("#secret-shop", plants[0])
	ada.submit(`form[action="/connections/shop"] button`)
	require.Contains(t, ada.text(), "The secret was stored.")
	ada.submit(`nav a[href="/tokens"]`)
	ada.fill("#name", "warehouse")
	ada.Click(`[name=scope]`)
	ada.submit(`form[action="/tokens"] button`)
	require.Contains(t, ada.text(), "Copy it now. It is not shown again.")
	ada.submit(`nav a[href="/networks"]`)
	ada.Click(`[name=open]`)
	ada.fill("#networks", "203.0.113.0/24 # office")
	ada.submit(`form[action="/networks"] button`)
	require.Contains(t, ada.text(), "This would shut you out")
	ada.open("/retention")
	ada.choose("#months", "12")
	ada.submit(`form[action="/retention"] button`)
	require.Contains(t, ada.text(), "The period was saved.")
	ada.submit(`nav a[href="/processing"]`)
	require.Contains(t, ada.text(), "Record of processing activities")

	ada.submit(`nav a[href="/audit"]`)
	ada.choose("#action", "rbac.token.issued")
	ada.submit(`form[action="/audit"] button`)
	require.Equal(t, 1, eval[int](ada, `document.querySelectorAll('tbody tr').length`), ada.text())
	ada.submit(`tbody a`)
	require.Contains(t, ada.text(), "hashes lead from it to the signed root")
	ada.open("/audit")
	ada.submit(`form[action="/audit/verify"] button`)
	require.Contains(t, ada.text(), "what was recorded")
	require.NotContains(t, ada.text(), "not what was recorded")
	require.Empty(t, ada.Violations())
}

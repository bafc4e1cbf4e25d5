package banner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/require"
)

func TestAStoreNeedsConsentAndADeclaration(t *testing.T) {
	t.Parallel()
	b, _ := strictly(t, Options{}, "")
	fails := func(script string) string {
		return eval[string](b, `(async () => { try { await (`+script+`); return 'worked' } catch (e) { return String(e) } })()`)
	}
	require.Equal(t, "Error: no consent for drafts", fails(`consent.store('drafts')`))
	b.Click("[value=accept]")
	b.Until(`consent.allows('functional')`)
	require.Equal(t, "Error: no consent for undeclared", fails(`consent.store('undeclared')`))
	require.Equal(t, "Error: no consent for cart", fails(`consent.store('cart')`), "which is no database")
	require.Equal(t, "hello,undefined,undefined", eval[string](b, `(async () => {
		window.drafts = await consent.store('drafts')
		await drafts.set('a', 'hello'); await drafts.set('b', {x: 1})
		const first = await drafts.get('a'); await drafts.delete('a')
		return [first, await drafts.get('a'), await drafts.get('never')].map(String).join() })()`))
	require.Equal(t, 1, eval[int](b, `drafts.get('b').then(v => v.x)`))
	b.Click(".bwc-withdraw button")
	b.Until(`!consent.allows('functional')`)
	require.Equal(t, "Error: no consent for drafts", fails(`drafts.set('c', '1')`), "also one that was opened before")
	b.Until(`indexedDB.databases().then(d => !d.length)`)
	require.Empty(t, b.Violations())
}

func TestAStoreKeepsItsBudget(t *testing.T) {
	t.Parallel()
	b, _ := strictly(t, Options{}, "")
	b.Click("[value=accept]")
	b.Until(`consent.allows('functional')`)
	// The clock of the page is the test's.
	eval[int](b, `(() => { const real = Date.now; window.later = 0; window.tick = 0; Date.now = () => real() + later + tick++ })(), 1`)

	// Drafts live for 72 hours.
	require.Equal(t, "there,gone,0", eval[string](b, `(async () => {
		const s = await consent.store('drafts'); await s.set('d', 'x')
		later = 72 * 36e5 - 1e4; const before = await s.get('d')
		later = 72 * 36e5 + 1e4; const after = await s.get('d')
		const db = await new Promise(ok => indexedDB.open('drafts').onsuccess = e => ok(e.target.result))
		const left = await new Promise(ok => db.transaction('kept').objectStore('kept').count().onsuccess = e => ok(e.target.result))
		db.close(); later = 0
		return [before ? 'there' : 'gone', after ? 'there' : 'gone', left].join() })()`))
	// A clock that is set back far makes nothing live longer.
	require.Equal(t, "gone", eval[string](b, `(async () => {
		const s = await consent.store('drafts'); await s.set('e', 'x'); later = -36e5
		const v = await s.get('e'); later = 0; return v ? 'there' : 'gone' })()`))
	// What is past its time goes when the store is opened, without being asked for.
	require.Equal(t, 0, eval[int](b, `(async () => {
		const s = await consent.store('drafts'); await s.set('f', 'x'); later = 73 * 36e5; await consent.store('drafts')
		const db = await new Promise(ok => indexedDB.open('drafts').onsuccess = e => ok(e.target.result))
		const n = await new Promise(ok => db.transaction('about').objectStore('about').count().onsuccess = e => ok(e.target.result))
		db.close(); later = 0; return n })()`))

	// Media: 400 entries, the least recently used goes first.
	require.Equal(t, "400,kept,gone", eval[string](b, `(async () => {
		window.media = await consent.store('media')
		for (let i = 0; i < 3; i++) await media.set('k' + i, 'x')
		const db = await new Promise(ok => indexedDB.open('media').onsuccess = e => ok(e.target.result))
		await new Promise(ok => { const t = db.transaction(['about', 'kept'], 'readwrite'); t.oncomplete = ok // 397 more, faster
			for (let i = 3; i < 400; i++) {
				t.objectStore('about').put({key: 'k' + i, bytes: 1, used: Date.now(), until: Date.now() + 1e9}, 'k' + i); t.objectStore('kept').put('x', 'k' + i) } })
		await media.get('k0'); await media.set('k400', 'x')
		const n = await new Promise(ok => db.transaction('kept').objectStore('kept').count().onsuccess = e => ok(e.target.result))
		db.close()
		return [n, await media.get('k0') ? 'kept' : 'gone', await media.get('k1') ? 'kept' : 'gone'].join() })()`))
	// 150 MB, of blobs, whose sizes are all that is looked at here.
	require.Equal(t, "Error: too large for media;2,3", eval[string](b, `(async () => {
		const big = n => ({size: n * 2 ** 20, is: n})
		const refused = await media.set('big', big(151)).catch(String)
		for (const k of [1, 2, 3]) await media.set('b' + k, big(60))
		const left = []
		for (const k of [1, 2, 3]) if (await media.get('b' + k)) left.push(k)
		return refused + ';' + left })()`))
	require.Empty(t, b.Violations())
}

// Everything that was declared for what was withdrawn goes, and nothing else.
func TestAWithdrawalDeletesWhatWasDeclaredByName(t *testing.T) {
	t.Parallel()
	b, url := strictly(t, Options{}, "")
	b.Click("[value=accept]")
	b.Until(`consent.allows('functional')`)
	b.Open(url + "/")
	require.Equal(t, 1, eval[int](b, `(async () => {
		for (const [s, n] of [[localStorage, 'cart'], [localStorage, 'visits-1'], [localStorage, 'mine'], [sessionStorage, 'visit'], [sessionStorage, 'mine']]) s.setItem(n, '1')
		for (const n of ['thumbs-1', 'mine']) await caches.open(n)
		for (const n of ['drafts', 'ads', 'mine']) await new Promise(ok => indexedDB.open(n).onsuccess = e => { e.target.result.close(); ok() })
		document.cookie = '_ga_2=1; Path=/; Secure'; document.cookie = 'theme=1; Path=/chat; Secure'; document.cookie = 'mine=1; Path=/; Secure'
		return 1 })()`))
	require.ElementsMatch(t, []string{"__Host-consent", "_ga", "_ga_1", "_ga_2", "_fbp", "theme", "mine"}, b.cookies(url))
	b.Click(".bwc-sheet>summary")
	b.Click(".bwc-settings>summary")
	for _, off := range []string{"functional", "analytics"} {
		b.Click("[value=" + off + "]")
	}
	b.Click("[value=save]")
	require.Eventually(t, func() bool { return len(b.stored()) == 6 }, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, []string{"cache mine", "db ads", "db mine", "local cart", "local mine", "session mine"}, b.stored())
	require.ElementsMatch(t, []string{"__Host-consent", "_fbp", "mine"}, b.cookies(url))
	require.Equal(t, "marketing replay", b.allowed())
	require.Empty(t, b.Violations())
}

func TestGooglesTagsAreToldBeforeAnythingAndWhenItChanges(t *testing.T) {
	t.Parallel()
	b, _ := strictly(t, Options{ConsentMode: true}, "")
	// Each entry is what gtag() was called with.
	layer := func() []string {
		return eval[[]string](b, `dataLayer.map(a => a[0] + ' ' + a[1] + ': ' + Object.keys(a[2]).filter(k => a[2][k] == 'granted').sort().join(' ') + ' of ' + Object.keys(a[2]).length)`)
	}
	require.Equal(t, []string{"consent default:  of 7", "consent update: security_storage of 7"}, layer())
	b.Click(".bwc-settings>summary")
	b.Click("[value=analytics]")
	b.Click("[value=save]")
	b.Until(`dataLayer.length == 3`)
	require.Equal(t, "consent update: analytics_storage security_storage of 7", layer()[2])
	b.Click(".bwc-sheet>summary")
	b.Click("[value=accept]")
	b.Until(`dataLayer.length == 4`)
	all := "ad_personalization ad_storage ad_user_data analytics_storage functionality_storage personalization_storage security_storage"
	require.Equal(t, fmt.Sprintf("consent update: %s of %d", all, len(strings.Fields(all))), layer()[3])
	b.Click(".bwc-withdraw button")
	b.Until(`dataLayer.length == 5`)
	require.Equal(t, "consent update: security_storage of 7", layer()[4])

	none, _ := strictly(t, Options{}, "")
	require.Equal(t, "undefined", eval[string](none, `typeof dataLayer`), "nobody who does not use it")
}

func TestWhileTheLedgerIsOutNothingIsDeleted(t *testing.T) {
	t.Parallel()
	shop, out := withLedger(t, Options{})
	b := newTab(t)
	url := site{csp: strict}.serve(t, name(t, "shop"), shop)
	do(b, network.SetCookie, network.SetCookieParams{Name: "__Host-session", Value: "ann", URL: url, Path: "/", Secure: &yes})
	b.Open(url + "/")
	b.Click("[value=accept]")
	b.Until(`consent.allows('functional')`)
	eval[any](b, `consent.store('drafts').then(s => s.set('a', 'kept'))`)
	out.Store(true)
	b.Open(url + "/")
	require.Equal(t, "", b.allowed())
	require.False(t, eval[bool](b, `document.querySelector('.bwc').hasAttribute('data-ask')`))
	time.Sleep(200 * time.Millisecond)
	require.Equal(t, []string{"db drafts"}, b.stored())
	out.Store(false)
	b.Open(url + "/")
	require.Equal(t, "kept", eval[string](b, `consent.store('drafts').then(s => s.get('a'))`))
}

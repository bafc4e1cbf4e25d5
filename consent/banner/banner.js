// The banner's script. The form works without it. With it a choice needs no new page, and what waits for consent is opened and closed:
//   <script type="text/plain" data-consent="analytics" data-src="https://..."></script>, and iframe and img with data-consent and data-src
//   consent.allows("analytics")              whether a category is allowed
//   await consent.store("drafts")            a database of the manifest: get(key), set(key, value), delete(key)
//   consent.scan()                           after adding elements that wait
//   document.addEventListener("consent", e)  e.detail are the categories that are allowed
// It allows nothing that the server did not allow for this page, and nothing that this browser's cookie does not hold. It writes no HTML.
// Names with a $ are made short when it is sent, see asset.go.
(() => {
const $doc = document, $me = $doc.currentScript, $root = $doc.querySelector('.bwc'), $config = JSON.parse($me.dataset.config)
const $cookie = $config.cookie, $keys = Object.keys($config.categories), $ran = new Set(), $done = new WeakSet()
let $state = $config.state, $allowed = new Set(), $hosted, $items, $policy, $native

const $json = async (url, init) => {
const r = await fetch(url, init)
if (!r.ok) throw r
return r.json()
}
const $manifest = async () => $items ||= (await $json($config.manifest)).items

// What the cookie grants is in its third and fourth byte.
const $holds = k => {
const b = atob((('; ' + $doc.cookie).split('; ' + $cookie + '=')[1] || '').slice(0, 8).replace(/-/g, '+').replace(/_/g, '/'))
return (b.charCodeAt(2) << 8 | b.charCodeAt(3)) >> $config.categories[k] & 1
}

// What the page around a widget passes on counts for what is open here, and for this page only.
const $allows = k => k == 'essential' || $allowed.has(k) || !!$hosted?.includes(k) && $state.open.includes(k)
const $needs = el => el.dataset.consent.split(' ')

// Google's tags: everything is denied until the first update.
const $mode = (how, v) => {
if (!$config.consentMode) return
const l = self.dataLayer ||= []
;(function () { l.push(arguments) })('consent', how, {
ad_storage: v('marketing'), ad_user_data: v('marketing'), ad_personalization: v('marketing'), analytics_storage: v('analytics'),
functionality_storage: v('functional'), personalization_storage: v('functional'), security_storage: v('essential')
})
}

// Opens what is allowed, and closes frames and images that are not. What a script does ends with its page: see $settle.
const $scan = () => {
for (const el of $doc.querySelectorAll('[data-consent][data-src]')) {
const yes = $needs(el).every($allows), u = el.dataset.src
if (el.localName != 'script') {
if (yes == el.hasAttribute('src')) continue
const n = el.cloneNode()
yes ? n.setAttribute('src', u) : n.removeAttribute('src')
el.replaceWith(n)
} else if (yes && el.type == 'text/plain' && !$done.has(el) && el.nonce == $me.nonce) {
$done.add(el)
const s = $doc.createElement('script')
for (const a of el.attributes)
if (/^(id|crossorigin|integrity|referrerpolicy|data-(?!src$|consent$|type$).*)$/.test(a.name)) s.setAttribute(a.name, a.value)
s.type = el.dataset.type || ''
s.async = el.hasAttribute('async')
s.nonce = $me.nonce
$policy ||= self.trustedTypes?.createPolicy('bailiwick-consent', {createScriptURL: u => u})
s.src = $policy ? $policy.createScriptURL(u) : u
for (const k of $needs(el)) $ran.add(k)
el.after(s)
}
}
}

const $names = (i, n) => i.name == n || i.name.endsWith('*') && n.startsWith(i.name.slice(0, -1))

// Deletes what is stored here for what is denied. It asks for the manifest only if something is stored.
const $clear = async () => {
const $found = []
const $look = async ($kind, $list, $remove) => {
try {
for (const n of await $list()) $found.push([$kind, n, $remove])
} catch {}
}
if ($keys.every($allows) || $state.unknown) return
for (const s of ['localStorage', 'sessionStorage']) await $look(s, () => Object.keys(self[s]), n => self[s].removeItem(n))
await $look('cookie', () => $doc.cookie.split('; ').map(c => c.split('=')[0]).filter(n => n && n != $cookie),
(n, i) => $doc.cookie = n + '=; Max-Age=0; Secure; Path=' + (i.path || '/') + (i.domain ? '; Domain=' + i.domain : ''))
await $look('indexedDB', async () => (await indexedDB.databases()).map(d => d.name), n => new Promise(ok => {
const q = indexedDB.deleteDatabase(n)
q.onsuccess = q.onerror = q.onblocked = ok
}))
await $look('cache', () => caches.keys(), n => caches.delete(n))
if (!$found[0]) return
await $manifest()
for (const [$kind, n, $remove] of $found) {
const l = $items.filter(i => i.kind == $kind && $names(i, n))
if (!l.some(i => $allows(i.category))) for (const i of l) await $remove(n, i)
}
}

// Makes the page what a state says. Scripts that ran for what was lost go with the page.
const $settle = async s => {
$state = s
$allowed = new Set(s.allowed.filter($holds))
const $lost = ![...$ran].every($allows)
if ($lost) {
// Nothing leaves the page any more but to its own origin, not even the beacon of a script that is told that the page ends.
const m = $doc.createElement('meta')
m.httpEquiv = 'Content-Security-Policy'
m.content = "default-src 'self'"
$doc.head.append(m)
}
$mode('update', k => $allows(k) ? 'granted' : 'denied')
$scan()
if ($root) {
const $sheet = $root.firstElementChild, a = $doc.activeElement
$sheet.open = $root.toggleAttribute('data-ask', !$hosted && s.open.some(k => !$allowed.has(k)))
$root.querySelector('.bwc-withdraw').hidden = !$allowed.size
for (const b of $root.querySelectorAll('[name=grant]')) b.checked = $allowed.has(b.value)
if ($root.contains(a) && !a.checkVisibility?.()) $sheet.firstElementChild.focus({preventScroll: true})
}
$doc.dispatchEvent(new CustomEvent('consent', {detail: $keys.filter($allows)}))
// Looking for what is stored takes a while, and waits until the page is painted.
if (!$lost) await new Promise(ok => setTimeout(ok, 99))
await $clear().catch(() => {})
if ($lost) location.reload()
}

const $fresh = () => $json($config.path + 'state.json').then($settle).catch(() => $settle($state))
const $check = () => [...$allowed].every($holds) || $settle($state)

// A choice is told to other tabs, and each new page has them look at their cookie.
const $tabs = new BroadcastChannel('bailiwick-consent')
$tabs.onmessage = e => e.data ? $settle(e.data) : $check()

// The form. In a frame of another site it is left to the browser, which then says that it is in a frame.
addEventListener('submit', async e => {
const f = e.target, b = e.submitter, $what = b?.value
if ($native || !$root?.contains(f) || !/^(reject|accept|save|withdraw)$/.test($what) || top != self && !$config.widget) return
e.preventDefault()
const $body = new URLSearchParams(new FormData(f))
$body.set('do', $what)
try {
const s = await $json(f.action, {method: 'POST', body: $body, headers: {Accept: 'application/json'}})
$tabs.postMessage(s)
const p = $root.querySelector('.bwc-saved')
p.textContent = p.dataset.text
await $settle(s)
} catch {
$native = true
f.requestSubmit(b)
}
})

// A page around a widget: {consent: ["functional"]} from a declared origin.
addEventListener('message', e => {
if (parent == self || e.source != parent || !$config.hosts?.includes(e.origin) || !Array.isArray(e.data?.consent)) return
$hosted = e.data.consent
$settle($state)
})

addEventListener('pageshow', e => e.persisted && ($check(), $fresh()))
addEventListener('visibilitychange', $check)
if ($root) new ResizeObserver(() => $doc.documentElement.style.setProperty('--bwc-height', $root.offsetHeight + 'px')).observe($root)

// A database of a declared item, with two stores: what is kept, and of that how large, old and used it is.
const $store = async name => {
const $item = (await $manifest()).find(i => i.kind == 'indexedDB' && $names(i, name))
const $may = () => {
if (!$item || !$allows($item.category)) throw Error('no consent for ' + name)
}
$may()
const $life = $item.seconds * 1e3 || Infinity, $most = $item.maxBytes || Infinity, $now = () => Date.now()
const $db = await new Promise((ok, no) => {
const q = indexedDB.open(name)
q.onupgradeneeded = () => ['about', 'kept'].map(n => q.result.createObjectStore(n))
q.onsuccess = () => ok(q.result)
q.onerror = no
})
$db.onversionchange = () => $db.close()
const $run = f => new Promise((ok, no) => {
$may()
const t = $db.transaction(['about', 'kept'], 'readwrite')
let out
f(t.objectStore('about'), t.objectStore('kept'), v => out = v)
t.oncomplete = () => ok(out)
t.onabort = () => no(t.error)
})
// A clock that was set back lets nothing live longer than it may from now on.
const old = a => a.until <= $now() || a.until > $now() + $life + 6e4
const $drop = ($about, $kept, key) => ($about.delete(key), $kept.delete(key))
const $trim = ($about, $kept) => $about.getAll().onsuccess = e => {
let n = 0, $bytes = 0
for (const a of e.target.result.sort((a, b) => b.used - a.used)) {
if (old(a) || ++n > ($item.maxEntries || Infinity) || ($bytes += a.bytes) > $most) $drop($about, $kept, a.key)
}
}
await $run($trim)
return {
get: key => $run(($about, $kept, $give) => $about.get(key).onsuccess = e => {
const a = e.target.result
if (!a) return
if (old(a)) return $drop($about, $kept, key)
a.used = $now()
$about.put(a, key)
$kept.get(key).onsuccess = e => $give(e.target.result)
}),
set: async (key, $value) => {
const $bytes = $value.size ?? $value.byteLength ?? new Blob([JSON.stringify($value)]).size
if ($bytes > $most) throw Error('too large for ' + name)
return $run(($about, $kept) => {
$about.put({key: key, bytes: $bytes, used: $now(), until: $now() + $life}, key)
$kept.put($value, key)
$trim($about, $kept)
})
},
delete: key => $run(($about, $kept) => $drop($about, $kept, key))
}
}

self.consent = {allows: $allows, store: $store, scan: $scan}
$mode('default', () => 'denied')
$keys.some(k => $holds(k) && !$state.allowed.includes(k)) ? $fresh() : $settle($state)
$tabs.postMessage(0)
})()

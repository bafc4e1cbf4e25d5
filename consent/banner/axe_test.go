package banner

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// axe-core is not part of this repository (its license is another one): BAILIWICK_AXE names its file axe.min.js.
func TestAxeFindsNothing(t *testing.T) {
	path := os.Getenv("BAILIWICK_AXE")
	if path == "" {
		t.Skip("BAILIWICK_AXE names no axe.min.js: accessibility is tested without axe-core")
	}
	axe, err := os.ReadFile(path)
	require.NoError(t, err)
	b := newTab(t)
	url := site{csp: "default-src 'self'", lang: "en", dir: "ltr"}.serve(t, name(t, "shop"), newBanner(t, Options{PolicyURL: "/privacy",
		Accept: byLanguage}))
	run := func(state string) {
		t.Helper()
		eval[any](b, string(axe)+";0")
		require.Empty(t, eval[[]string](b, `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
			.then(r => r.violations.map(v => v.id + ' ' + v.impact + ' ' + v.nodes.map(n => n.html.slice(0, 200))))`), state)
	}
	for scheme, w := range map[string]int64{"light": 320, "dark": 1280} {
		b.Size(w, 700)
		b.Media("prefers-color-scheme", scheme)
		b.Open(url + "/?lang=he")
		run(scheme + ", right to left")
		b.Open(url + "/?lang=en")
		run(scheme)
		eval[any](b, `document.querySelector('.bwc-settings').open = true`)
		run(scheme + ", with settings")
	}
	b.GPC(true)
	b.Open(url + "/")
	run("with a signal")
	b.Click("[value=accept]")
	b.Until(`!document.querySelector('.bwc').hasAttribute('data-ask')`)
	run("afterwards")
	eval[any](b, `document.querySelector('.bwc-sheet').open = document.querySelector('.bwc-settings').open = true`)
	run("opened again")
}

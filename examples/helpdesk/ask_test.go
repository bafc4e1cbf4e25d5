package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Somebody asks for their data and to be deleted by clicks, and is told by when the law wants an answer; an admin sees what would be done.
func TestSomebodyAsksForTheirDataInABrowser(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	vic, ada := d.person("alder", "vic"), d.person("alder", "ada")
	vic.submit(`.who a[href="/privacy"]`)
	vic.submit(`[value=download]`)
	require.Contains(t, vic.text(), "We have your request.")
	require.Contains(t, vic.text(), "GDPR art. 12(3)")
	vic.submit(`[value=delete]`)
	require.Equal(t, 2, eval[int](vic, `document.querySelectorAll('form[action$="/withdraw"] button.plain').length`), vic.text())
	vic.Shot("privacy-requests")
	ada.submit(`nav a[href="/requests"]`)
	require.Contains(t, ada.text(), "What would be done")
	ada.Shot("requests")
	ada.submit(`form[action$="/approve"] button`)
	require.Contains(t, ada.text(), "The erasure was approved.")
	require.Contains(t, ada.text(), "approved")
	eval[bool](vic, `(window.before = true, location.reload(), true)`)
	vic.Until(`document.readyState == 'complete' && !window.before`)
	require.Contains(t, vic.text(), "You may not do this: access is suspended.", "who is to be erased is out of sight")
	require.Empty(t, ada.Violations())
}

package browser

import (
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Frames are the frames of other sites in b's page.
func (b *Tab) Frames() (all []*target.Info) {
	b.T.Helper()
	infos, err := chromedp.CallBrowser(b.Ctx, target.GetTargets, target.GetTargetsParams{})
	require.NoError(b.T, err)
	for _, i := range infos.TargetInfos {
		if i.Type == "iframe" && i.BrowserContextID == b.profile {
			all = append(all, i)
		}
	}
	return all
}

// Attach returns a frame of b's page.
func (b *Tab) Attach(id target.ID) *Tab {
	b.T.Helper()
	ctx, cancel := chromedp.NewContext(b.Ctx, chromedp.WithTargetID(id))
	b.T.Cleanup(cancel)
	require.NoError(b.T, chromedp.Do(ctx)) // the frame is attached to for as long as ctx
	return &Tab{b.T, ctx, b.profile}
}

// Frame waits for the frame of an address in b's page, and until it has loaded.
func (b *Tab) Frame(url string) *Tab {
	b.T.Helper()
	var id target.ID
	require.Eventually(b.T, func() bool {
		for _, i := range b.Frames() {
			if strings.HasPrefix(i.URL, url) {
				id = i.TargetID
			}
		}
		return id != ""
	}, 20*time.Second, 20*time.Millisecond, url)
	f := b.Attach(id)
	f.Until(`document.readyState == 'complete'`)
	// No script ran first here: what the policy has stopped so far is asked for.
	Eval[any](f, `self.violations = []; new ReportingObserver(all => all.forEach(r => violations.push(r.body.effectiveDirective + ' ' + r.body.blockedURL)), {types: ['csp-violation'], buffered: true}).observe()`)
	return f
}

// Press clicks by script: the mouse of a frame's target is that of its page.
func (b *Tab) Press(selector string) {
	b.T.Helper()
	Eval[any](b, fmt.Sprintf(`document.querySelector(%q).click()`, selector))
}

package redact

import (
	"bytes"
	"strings"
)

// webhook is a URL whose path is the secret: who has it may post.
type webhook struct {
	host string // all of it, or its end when it begins with "."
	path string // what the secret stands behind
	min  int    // of the secret's length
	rule string
}

// webhooks, as the services document their incoming hooks.
var webhooks = func() (w []webhook) {
	for line := range strings.Lines(`
hooks.slack.com /services/ 20 slack
hooks.slack.com /workflows/ 20 slack
hooks.slack.com /triggers/ 20 slack
hooks.slack-gov.com /services/ 20 slack
discord.com /webhooks/ 40 discord
discordapp.com /webhooks/ 40 discord
ptb.discord.com /webhooks/ 40 discord
canary.discord.com /webhooks/ 40 discord
.webhook.office.com /webhookb2/ 40 teams
outlook.office.com /webhook/ 40 teams
outlook.office365.com /webhook/ 40 teams
hooks.zapier.com /hooks/catch/ 8 zapier
hooks.zapier.com /hooks/standard/ 8 zapier
maker.ifttt.com /with/key/ 16 ifttt
.make.com / 24 make
.integromat.com / 24 make
api.telegram.org /bot 30 telegram
.infura.io /v3/ 32 infura
.infura.io /ws/v3/ 32 infura
.alchemy.com /v2/ 20 alchemy
.alchemyapi.io /v2/ 20 alchemy
.quiknode.pro / 32 quicknode
.loggly.com /inputs/ 30 loggly
.sumologic.com /receiver/v1/http/ 40 sumologic
open.feishu.cn /bot/v2/hook/ 30 feishu
open.larksuite.com /bot/v2/hook/ 30 feishu
api.netlify.com /build_hooks/ 20 netlify
api.vercel.com /deploy/ 20 vercel
api.cloudflare.com /deploy_hooks/ 30 cloudflare
events.pagerduty.com /integration/ 30 pagerduty
alert.victorops.com /alert/ 30 victorops
hc-ping.com / 22 healthchecks
webhook.buildkite.com /deliver/ 20 buildkite
hooks.airtable.com /wflow/ 8 airtable
hooks.nabu.casa / 20 homeassistant
.webhook.site / 30 webhook
hooks.chime.aws /incomingwebhooks/ 30 chime
`) {
		if f := strings.Fields(line); len(f) == 4 {
			n := 0
			for _, c := range f[2] {
				n = n*10 + int(c-'0')
			}
			w = append(w, webhook{f[0], f[1], n, f[3] + "-webhook"})
		}
	}
	return w
}()

// hook finds the secret in the path of the URL whose "://" begins at src[colon].
func (s *scanner) hook(colon int) bool {
	src := s.src
	from := colon + 3
	to, hi := from, min(len(src), from+253)
	for to < hi && (isWord(src[to]) || src[to] == ':') {
		to++
	}
	if to == hi || src[to] != '/' || to-from < 8 {
		return false
	}
	host := src[from:to]
	if k := bytes.IndexByte(host, ':'); k > 0 {
		host = host[:k]
	}
	for i := range webhooks {
		w := &webhooks[i]
		if len(host) < len(w.host) || string(host[len(host)-len(w.host):]) != w.host || w.host[0] != '.' && len(host) != len(w.host) {
			continue
		}
		end := to
		for hi := min(len(src), to+1024); end < hi && !hookEnd(src[end]) && (src[end] != ':' || end+1 < hi && src[end+1] != '/'); end++ {
		}
		k := bytes.Index(src[to:end], []byte(w.path))
		if k < 0 {
			continue
		}
		start := to + k + len(w.path)
		for end > start && (src[end-1] == '/' || src[end-1] == '.') {
			end--
		}
		if slash := bytes.IndexByte(src[start:end], '/'); slash >= w.min && (w.rule == "loggly-webhook" || w.rule == "telegram-webhook" || w.rule == "pagerduty-webhook") {
			end = start + slash
		}
		if end-start < w.min || !looksSecret(src[start:end]) && !isUUID(src[start:end]) && w.min > 8 {
			continue
		}
		return s.hit(start, end, Token, w.rule)
	}
	return false
}

// hookEnd reports whether c ends the path of a URL. The "&" that would end a bare value does not.
func hookEnd(c byte) bool {
	return c == '?' || c == '#' || c == ')' || c == ']' || c == '}' || c == '[' || class[c]&cEnd != 0
}

package discover

import "strings"

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

var (
	// keyWords mark a column that holds the key of something: user_id, id_user, user_fk.
	keyWords = set(`id ids uuid guid pk fk key ref oid fkey xid sid`)

	// holding is what a process does to a row while it works on it.
	holding = set(`locked reserved claimed leased acquired held picked owned processed executed run`)

	// joining is what happens to things, before "to".
	joining = set(`related linked attached mapped merged converted connected redirected replied applied restricted limited scheduled posted mounted pinned upgraded changed renamed`)

	// commands begin the names of permissions and settings.
	commands = set(`add edit view manage modify delete create send receive notify require enable disable use hide auto force skip open close assign invite exclude include`)

	// queues are words in the names of tables whose rows programs work on.
	queues = set(`job queue lock lease mutex worker migration changelog changeloglock schedule cron outbox semaphore heartbeat`)

	// outside are services and marks of ids that other systems gave.
	outside = set(`federated broker stripe paypal google github gitlab facebook fb twitter slack discord telegram external ext remote provider oauth oauth2 saml ldap
		zendesk hubspot salesforce intercom wechat weixin apple microsoft azure okta auth0 clerk firebase cognito twitch steam linkedin xero braintree
		chargebee paddle bitbucket trello jira asana notion shopify amazon aws instagram tiktok whatsapp line viber mailchimp sendgrid mailgun
		twilio plaid lemon lemonsqueezy polar razorpay mollie square kakao naver qq weibo spotify zoom foreign import imported openid sso idp scim mastodon
		activitypub matrix patreon docusign calendly segment mixpanel amplitude posthog iyzico payu alipay adyen gocardless recurly quickbooks
		dropbox youtube vk yandex garmin strava fitbit gitea sentry pagerduty opsgenie linear clickup monday basecamp airtable webflow openai anthropic
		thirdparty partner vendor minecraft riot epic xbox psn nintendo roblox osu lastfm reddit pocket evernote wordpress disqus gravatar logto workos stytch kinde supertokens keycloak workspace`)

	// qualifiers are words behind a table's name that say which of several rows: user_from, users_id_recipient.
	qualifiers = set(`from to by a b one two first second source target src dst dest other parent child old new added invited main primary valid modif create
		write creat mod update upd last tech validate lastupdater modif updater assign original current previous next left right initial author creator owner editor receiver sender recipient`)

	// notKeys are words at the end of a name that say it holds something else than a key.
	notKeys = set(`name email mail count type status state role level agent ip limit total number num no note notes comment title url uri path avatar image photo
		phone token secret password hash code data info details settings options config preferences language locale timezone time date at on title text
		group groups field fields format version score rating points balance amount price rank order position age kind class index display label
		description bio slug handle login username nickname first last full address city country company agents os device browser session ids2
		permissions permission scopes scope access quota seats capacity rights filter query search input prompt message messages reply response
		feedback choice answer vote votes likes views karma reputation activity active banned deleted blocked locked verified enabled visible hidden public`)

	// messages are words in the names of tables whose from and to are people.
	messages = set(`message msg pm mail chat friend friendship friends follow follower relation relationship connection transfer gift invite
		invitation request block contact conversation dm inbox outbox like poke match rating review feedback call share notification subscription payment transaction`)
)

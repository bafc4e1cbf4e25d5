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

	// personWords are what tables of people are called, the likeliest first: their rows are subjects, and what other columns call
	// "owner" or "author" is a row of the first of them.
	personWords = strings.Fields(`user usr member account person customer profile employee patient student contact subscriber client player
		participant author people staff guest visitor citizen owner usuario utilisateur benutzer gebruiker kunde cliente anvandare nutzer mitglied mitarbeiter medewerker persona personne pengguna kullanici employe empleado funcionario`)

	// roleWords are what a person is to a row. With a key word behind it, such a word is a link to the table of people unless
	// a table of that name is there.
	roleWords = set(`author coauthor owner creator sender recipient receiver assignee assigner assignor reporter reviewer approver editor poster follower
		followee followed following friend inviter invitee invited moderator uploader commenter commentor blocker blocked muter muted muting blocking
		initiator requester requestor requestee submitter buyer seller purchaser voter participant actor organizer organiser host attendee
		mentor mentee instructor teacher student trainer trainee tutor donor supervisor manager responder responsible operator agent staff employee
		patient doctor physician driver rider passenger subscriber member person holder leader captain player winner opponent officer technician
		assigned liker reactor mentioned modifier updater deleter remover canceller closer locker viewer visitor guest lender borrower landlord renter
		translator contributor maintainer committer collaborator publisher impersonator caller callee payer payee beneficiary applicant candidate
		interviewer recruiter nurse coach examiner grader proctor lecturer admin administrator referrer referred referer sponsor reader writer
		salesperson salesrep cashier courier picker packer checker inspector auditor investigator arbitrator judge speaker presenter watcher
		observer delegate delegator grantee grantor grantor granter issuer signer signatory witness notifier notified adder joiner leaver bidder user usr
		claimant claimer challenger proposer seconder respondent complainant accuser reportee flagger resolver handler processor performer executor
		redeemer completer scheduler archiver destroyer unlocker dispatcher causer follow befriended requesting requested rater ranker critic
		customer client contact account profile partner lead superior boss waiter chef rep representative attendant chairperson secretary treasurer
		remitente destinatario autor propietario responsable creador vendedor comprador medico paciente docente estudiante empleado auteur expediteur destinataire proprietaire createur vendeur acheteur absender empfaenger ersteller besitzer bearbeiter verfasser eigenaar auteur autore mittente proprietario remetente doer whodunnit issuer setter salesman salesperson who tasker freelancer contractor hirer artist musician photographer biller poster starter replier solver answerer asker questioner
		uid`)

	// weakRoles are roles that are as often a firm, a program or a row of another service: without more, no link.
	weakRoles = set(`client account partner processor scheduler executor reader writer reference tenant rep`)

	// abbreviations are short for people.
	abbreviations = map[string]string{"usr": "user", "cust": "customer", "emp": "employee", "mgr": "manager", "mbr": "member", "acct": "account", "pers": "person",
		"auth": "auth", "stud": "student", "supv": "supervisor", "asst": "assistant"}

	// nobody are words that end as if somebody did something.
	nobody = set(`runner installer follower_count order folder number header server parameter filter trigger container layer supplier carrier provider vendor sensor error color identifier
		printer computer router cluster chapter newsletter banner voucher offer transfer register matter ledger letter paper chapter tier quarter
		water weather power buffer pointer cursor counter timer marker sticker center centre theater meter parser loader adapter driver worker broker
		handler scheduler helper wrapper builder factor vector sector monitor motor editor_id actor_id mirror door floor tutor_id donor_id minor major
		prior anchor tensor operator_id generator connector processor executor indicator successor predecessor ancestor committee fee tree degree
		coffee referendum character master user_id other another customer_id character sender_id member_id answer layover hover cover owner_id
		super inner outer upper lower after before under over per ever never either neither rather whether together charger fiber fever river
		image paper trader maker wallet disorder reminder starter_id gender calendar placeholder user group tracker manufacturer
		employer publisher_name creditor insurer retailer wholesaler distributor dealer franchisor store exporter importer binder bidder_id semester
		trimester quarter roster poster_image seller_account stakeholder driver_license diameter perimeter altimeter barometer computer screwdriver poker
		docker fork_owner repository prisoner hour floor author_name mentor_name color behavior flavor honor labor neighbor harbor favor rumor armor
		vapor odor tumor humor elevator escalator calculator refrigerator radiator tractor reactor_name locator separator`)

	// bareRoles are roles that stand for the person even without a key word, where the type is that of the key.
	accessorWords = set(`updated modified edited changed deleted removed approved reviewed verified closed locked resolved rejected cancelled canceled archived
		assigned assignee approver reviewer editor moderator updater deleter modifier last previous viewer viewed read granted grantor granter published
		publisher handled handler processed processor checked confirmed admin administrator manager supervisor responsible agent staff officer unlocked
		banned suspended blocked pinned merged restored completed triggered performed revoked disabled moderated flagged`)

	// byWords end a name that says who did something: created_by, creado_por, erstellt_von.
	byWords = set(`by por par von door av af`)

	// pairs are roles that two people have in one row.
	pairedWords = set(`sender receiver recipient from to follower followee followed following friend blocker blocked muter muted inviter invitee
		requester requestee buyer seller lender borrower caller callee payer payee one two first second a b target source mentor mentee
		referrer referred reporter reported liker winner loser challenger opponent other peer giver taker`)

	// notBy are words before "by" that are about no one.
	notBy = set(`order sort group power near stand partition split filter ranked rank multiply divide step increment go pass hob`)

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

	// polymorphicRoles are stems of X_type and X_id that are a person as often as not.
	polymorphicRoles = set(`notifiable tokenable causer user actor owner author creator sender recipient receiver follower voter liker participant messageable
		member subscriber assignee reporter initiator requester inviter invitee account person commenter poster reader loggable_by performer principal
		grantee holder authenticatable whodunnit favoriter mentioner blocker responsible viewer reviewer approver editor buyer seller customer payer billable
		followable mentionee uploader updater deleter modifier resource_owner visitor
		target_user impersonator identity authorizable reactor ownable`)

	// contentWords are stems of X_type and X_id that are no person.
	contentWords = set(`content post page document file media attachment product order channel block source parent node component container context plugin question
		object_content activity commented customized journalized`)

	// anybodysWords end in "able" and may be a person as well as a thing.
	anybodysWords = set(`auditable reportable trackable notable noteable loggable addressable assignable chargeable billable reviewable identifiable imageable
		actionable contactable profileable phoneable emailable morphable rateable rankable messageable payable transactionable accountable`)

	// typeWords end the name of a column that says what a polymorphic key belongs to.
	typeWords = set(`type kind class model table entity typ`)
)

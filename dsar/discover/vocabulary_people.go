package discover

import "strings"

var (
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

	// accessorWords say that somebody looked after a row, which is another's.
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
)

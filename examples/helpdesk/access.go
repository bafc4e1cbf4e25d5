package main

import (
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
)

// What can be done in an organisation, and by which roles.
var (
	access         = rbac.NewCatalog("helpdesk")
	readChats      = access.Permission("conversations.read", rbac.About("Read conversations"))
	answerChats    = access.Permission("conversations.answer", rbac.About("Answer, note and close conversations"))
	seeMargins     = access.Permission("products.margins", rbac.About("See margins and suppliers"), rbac.Sensitive)
	connect        = access.Permission("connections.manage", rbac.About("Connect other services"), rbac.Sensitive, rbac.PeopleOnly)
	setNetworks    = access.Permission("networks.manage", rbac.About("Say from where people may come"), rbac.Sensitive, rbac.PeopleOnly)
	seeSupport     = access.Permission("support.see", rbac.About("See what support asked for and looked at"), rbac.PeopleOnly)
	approveSupport = access.Permission("support.approve", rbac.About("Let support in, and send it away"), rbac.Sensitive, rbac.PeopleOnly)
	readTrail      = access.Permission("audit.read", rbac.About("Read and take out the audit log"), rbac.Sensitive, rbac.PeopleOnly)
	managePrivacy  = access.Permission("privacy.manage", rbac.About("Set retention, see processors and the record of processing"), rbac.PeopleOnly)

	// What a customer may do who is not signed in.
	seeProducts = access.Permission("widget.products", rbac.About("Read what is sold"))
	askFAQ      = access.Permission("widget.faq", rbac.About("Read answers to frequent questions"))
	seeContact  = access.Permission("widget.contact", rbac.About("Read how to get in touch"))
	orderStatus = access.Permission("widget.order.status", rbac.About("See the status of an order, by its number"))
	orderAll    = access.Permission("widget.order", rbac.About("See an order, by its number and e-mail address"))

	roles = rbac.TeamOf(access,
		rbac.Permissions{readChats, seeSupport, seeProducts, askFAQ, seeContact, orderStatus, orderAll}, // viewer, and what follows
		rbac.Permissions{answerChats}) // editor; an admin may do everything
	integration = access.Role("integration", rbac.ForMachines, readChats, answerChats)
	widget      = access.Surface("chat-widget", seeProducts, askFAQ, seeContact, orderStatus, orderAll)

	tokenForm = apitoken.MustNew("helpdesk", "live")
)

// What the provider's own staff may do. It is a catalogue of its own: nobody of an organisation can be given any of it, and in an
// organisation's tenant its roles are unknown.
var (
	staffAccess   = rbac.NewCatalog("helpdesk-staff")
	helpCustomers = staffAccess.Permission("support.request", rbac.About("Ask organisations for access, and read what they granted"), rbac.PeopleOnly)
	supporter     = staffAccess.Role("supporter", helpCustomers)
	supportLead   = staffAccess.Role("support-lead", rbac.Everything, rbac.Owner)
)

package discover

var (
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

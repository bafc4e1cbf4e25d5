package rbac_test

import (
	"context"
	"fmt"
	"log"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// A person is invited, gives nobody more than they have, and leaves.
func ExampleAuthorizer_Invite() {
	access := rbac.NewCatalog("helpdesk")
	read, reply := access.Permission("chat.read"), access.Permission("chat.reply")
	lead := access.Role("lead", read, reply, rbac.ManageMembers)
	agent := access.Role("agent", read, reply)
	admin := access.Role("admin", rbac.Everything, rbac.Owner)
	a, err := rbac.New(access, rbac.NewMemory(), rbac.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	ctx := tenancy.With(context.Background(), tenancy.NewID())
	system, _ := a.System(ctx, "sign-up")
	_ = a.Found(ctx, system, rbac.User("olga"), admin.ID())

	olga, _ := a.Member(ctx, rbac.User("olga"))
	secret, _, err := a.Invite(ctx, olga, rbac.Invitation{Address: "lea@example.com", Roles: []rbac.RoleID{lead.ID()}})
	fmt.Println("to be sent:", secret, err)
	fmt.Println(a.Accept(ctx, secret, rbac.Acceptance{User: rbac.User("eve"), Address: "eve@example.com"}))
	fmt.Println(a.Accept(ctx, secret, rbac.Acceptance{User: rbac.User("lea"), Address: "Lea@example.com"}))

	lea, _ := a.Member(ctx, rbac.User("lea"))
	_, _, err = a.Invite(ctx, lea, rbac.Invitation{Address: "bo@example.com", Roles: []rbac.RoleID{agent.ID()}})
	fmt.Println("lea invites an agent:", err)
	_, _, err = a.Invite(ctx, lea, rbac.Invitation{Address: "al@example.com", Roles: []rbac.RoleID{admin.ID()}})
	fmt.Println("lea invites an admin:", err != nil)

	left, err := a.Remove(ctx, olga, rbac.User("lea"))
	fmt.Println("lea leaves, with an invitation:", left.Invitations, err)
	_, err = a.Remove(ctx, olga, rbac.User("olga"))
	fmt.Println(err)
	// Output:
	// to be sent: [redacted:secret] <nil>
	// rbac: denied: no valid invitation
	// <nil>
	// lea invites an agent: <nil>
	// lea invites an admin: true
	// lea leaves, with an invitation: 1 <nil>
	// rbac: denied: the tenant would be without an owner
}

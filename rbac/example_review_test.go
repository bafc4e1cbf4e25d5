package rbac_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// An owner reviews who has access. What was decided is done, and nobody decides on themselves.
func ExampleAuthorizer_OpenReview() {
	access := rbac.NewCatalog("helpdesk")
	read, reply := access.Permission("chat.read"), access.Permission("chat.reply")
	team := rbac.TeamOf(access, rbac.Permissions{read}, rbac.Permissions{reply})
	a, err := rbac.New(access, rbac.NewMemory(), rbac.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	ctx := tenancy.With(context.Background(), tenancy.NewID())
	system, _ := a.System(ctx, "example")
	_ = a.Found(ctx, system, rbac.User("olga"), team.Admin.ID())
	_ = a.Add(ctx, system, rbac.User("eve"), team.Editor.ID())

	olga, _ := a.Member(ctx, rbac.User("olga"))
	review, err := a.OpenReview(ctx, olga, rbac.ReviewSpec{})
	if err != nil {
		log.Fatal(err)
	}
	items, _ := a.ReviewItems(ctx, olga, review.ID, "", 0)
	for _, i := range items {
		_, err := a.Decide(ctx, olga, review.ID, i.Key, rbac.Verdict{
			Decision: rbac.Reduce, Roles: []rbac.RoleID{team.Viewer.ID()}, Note: "answers no more", ETag: i.ETag,
		})
		fmt.Println(i.ID, i.Before.Roles, err)
	}
	eve, _ := a.Member(ctx, rbac.User("eve"))
	fmt.Println("eve may reply:", eve.Can(reply))

	_, err = a.CloseReview(ctx, olga, review.ID)
	fmt.Println("closed:", err == nil)
	if f, err := os.CreateTemp("", "review-*.csv"); err == nil {
		defer os.Remove(f.Name())
		defer f.Close()
		fmt.Println("reported:", a.WriteReport(ctx, olga, review.ID, f, rbac.ReportCSV) == nil)
	}
	// Output:
	// olga [admin] rbac: denied: nobody decides on their own access
	// eve [editor] <nil>
	// eve may reply: false
	// closed: true
	// reported: true
}

package rbactest_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/rbactest"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/stretchr/testify/require"
)

// judge is a TB that keeps what it was told.
type judge struct {
	testing.TB
	said []string
}

func (j *judge) Helper()                   {}
func (j *judge) Errorf(f string, a ...any) { j.said = append(j.said, fmt.Sprintf(f, a...)) }
func (j *judge) Fatalf(f string, a ...any) { j.Errorf(f, a...); runtime.Goexit() }

// verdict is what a check says; "": it is content.
func verdict(check func(testing.TB)) string {
	j := &judge{}
	done := make(chan struct{})
	go func() { defer close(done); check(j) }()
	<-done
	return strings.Join(j.said, "\n")
}

// copyOf is a file that is not the one that was agreed on.
func copyOf(t *testing.T, file string) string {
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	out := filepath.Join(t.TempDir(), filepath.Base(file))
	require.NoError(t, os.WriteFile(out, b, 0o644))
	return out
}

// A catalogue of an application, and what somebody did to it later.
func catalog(later func(c *rbac.Catalog, write rbac.Permission, editor rbac.Role)) *rbac.Catalog {
	c := rbac.NewCatalog("shop")
	read, write := c.Permission("orders.read"), c.Permission("orders.write", rbac.Sensitive)
	viewer := c.Role("viewer", read)
	editor := c.Role("editor", viewer, write)
	c.Role("job", read, rbac.ForMachines)
	if later != nil {
		later(c, write, editor)
	}
	c.Role("admin", rbac.Everything, rbac.Owner)
	return c
}

func TestAChangeOfWhoMayDoWhatFailsTheTestOfTheMatrix(t *testing.T) {
	t.Parallel()
	const agreed = "testdata/roles.golden"
	rbactest.Matrix(t, catalog(nil), agreed)
	file := copyOf(t, agreed)
	for want, later := range map[string]func(c *rbac.Catalog, write rbac.Permission, editor rbac.Role){
		"+ permission orders.refund: admin": func(c *rbac.Catalog, _ rbac.Permission, editor rbac.Role) { c.Permission("orders.refund") },
		"+ role clerk: for people; builds on editor\n": func(c *rbac.Catalog, _ rbac.Permission, editor rbac.Role) {
			c.Role("clerk", editor)
		},
		"- permission orders.write (sensitive): admin, editor\n+ permission orders.write (sensitive): admin, editor, packer\n+ role packer: for people": func(c *rbac.Catalog, write rbac.Permission, _ rbac.Role) { c.Role("packer", write) },
		"+ permission orders.pack (machines only, not to be given): robot": func(c *rbac.Catalog, _ rbac.Permission, editor rbac.Role) {
			c.Role("robot", c.Permission("orders.pack", rbac.MachinesOnly, rbac.NonDelegable), rbac.ForMachines)
		},
	} {
		said := verdict(func(t testing.TB) { rbactest.Matrix(t, catalog(later), file) })
		require.Contains(t, said+"\n", want)
		require.NotContains(t, said, "role viewer", "what did not change is not shown")
	}
	same := rbac.NewCatalog("shop")
	write, read := same.Permission("orders.write", rbac.Sensitive), same.Permission("orders.read")
	same.Role("job", read, rbac.ForMachines)
	viewer := same.Role("viewer", read)
	same.Role("admin", rbac.Everything, rbac.Owner)
	same.Role("editor", write, viewer)
	rbactest.Matrix(t, same, file) // in another order it is the same

	open := rbac.NewCatalog("shop")
	read, write = open.Permission("orders.read"), open.Permission("orders.write")
	viewer = open.Role("viewer", read)
	open.Role("editor", viewer, write)
	open.Role("job", read, rbac.ForMachines)
	open.Role("admin", rbac.Everything)
	said := verdict(func(t testing.TB) { rbactest.Matrix(t, open, file) })
	require.Contains(t, said, "- permission orders.write (sensitive): admin, editor")
	require.Contains(t, said, "+ permission orders.write: admin, editor")
	require.Contains(t, said, "- role admin: for people, owner\n+ role admin: for people\n")
	require.NotEmpty(t, verdict(func(t testing.TB) { rbactest.Matrix(t, rbac.NewCatalog("empty"), file) }))
}

func TestARouteWithAnotherRuleFailsTheTestOfRoutes(t *testing.T) {
	t.Parallel()
	c := rbac.NewCatalog("shop")
	read, write := c.Permission("orders.read"), c.Permission("orders.write")
	c.Role("admin", rbac.Everything, rbac.Owner)
	a, err := rbac.New(c, rbac.NewMemory(), rbac.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = a.Close() })
	mux := func(of map[string]rbac.Rule) *rbac.Mux {
		m := rbac.NewMux(a, func(*http.Request) (rbac.Credential, error) { return rbac.Credential{}, nil }, rbac.MuxOptions{})
		for pattern, rule := range of {
			m.Handle(pattern, rule, http.NotFoundHandler())
		}
		return m
	}
	const agreed = "testdata/routes.golden"
	rbactest.Routes(t, mux(map[string]rbac.Rule{"GET /orders": read, "POST /orders": write, "GET /health": rbac.Public}), agreed)
	file := copyOf(t, agreed)
	for want, of := range map[string]map[string]rbac.Rule{
		"- POST /orders: orders.write\n+ POST /orders: orders.read": {"GET /orders": read, "POST /orders": read, "GET /health": rbac.Public},
		"+ DELETE /orders: orders.write":                            {"GET /orders": read, "POST /orders": write, "GET /health": rbac.Public, "DELETE /orders": write},
		"- POST /orders: orders.write":                              {"GET /orders": read, "GET /health": rbac.Public},
	} {
		require.Contains(t, verdict(func(t testing.TB) { rbactest.Routes(t, mux(of), file) }), want)
	}
	require.Contains(t, verdict(func(t testing.TB) { rbactest.Routes(t, mux(nil), file) }), "nothing to compare")
}

type order struct {
	Number, Status, Address string
	Lines                   []struct{ Article, Margin string }
}

func view(t *testing.T, fields ...string) *redact.View[order] {
	v, err := redact.NewView[order](fields...)
	require.NoError(t, err)
	return v
}

func TestAFieldMoreFailsTheTestOfFields(t *testing.T) {
	t.Parallel()
	const agreed = "testdata/fields.golden"
	public, full := view(t, "Number", "Status"), view(t, "Status", "Number", "Lines.Article")
	rbactest.Fields(t, agreed, public, full)
	file := copyOf(t, agreed)
	more := view(t, "Number", "Status", "Address")
	said := verdict(func(t testing.TB) { rbactest.Fields(t, file, more, full) })
	require.Contains(t, said, "rbactest_test.order: Address")
	require.Equal(t, 1, strings.Count(said, "\n+ ")+strings.Count(said, "\n- "))
	require.NotEmpty(t, verdict(func(t testing.TB) { rbactest.Fields(t, file, public) }))
	require.NotEmpty(t, verdict(func(t testing.TB) { rbactest.Fields(t, file) }))
}

var update = flag.Bool("update", false, "a flag of the user's own")

func TestFilesAreWrittenOnlyWhenAskedFor(t *testing.T) { // alone: it sets the environment
	file := filepath.Join(t.TempDir(), "deep", "roles.golden")
	check := func(t testing.TB) { rbactest.Matrix(t, catalog(nil), file) }
	require.Contains(t, verdict(check), "BAILIWICK_UPDATE=1")
	require.NoFileExists(t, file)
	t.Setenv("BAILIWICK_UPDATE", "0")
	require.NotEmpty(t, verdict(check))
	require.NoFileExists(t, file)
	t.Setenv("BAILIWICK_UPDATE", "1")
	require.Empty(t, verdict(check))
	t.Setenv("BAILIWICK_UPDATE", "")
	require.Empty(t, verdict(check))

	written, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(written), "\n", "\r\n")), 0o644))
	require.Empty(t, verdict(check), "as Git on Windows has it")
	require.NoError(t, os.WriteFile(file, []byte("role eve: for people\n"+string(written)), 0o644))
	require.Contains(t, verdict(check), "- role eve: for people")
	*update = true
	require.Empty(t, verdict(check))
	*update = false
	again, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(written), string(again))
}

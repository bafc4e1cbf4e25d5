package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac/rbactest"
	"github.com/stretchr/testify/require"
)

// Who may do what, and what leaves by public pages and the API, are files that somebody reviews. BAILIWICK_UPDATE=1 writes them.
func TestWhatIsAllowedIsWhatWasAgreedOn(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	rbactest.Routes(t, d.teamRoutes(), "testdata/routes.golden")
	rbactest.Routes(t, d.staffRoutes(), "testdata/routes_staff.golden")
	rbactest.Routes(t, d.chat.routes(), "testdata/routes_public.golden")
	rbactest.Matrix(t, access, "testdata/roles.golden")
	rbactest.Matrix(t, staffAccess, "testdata/staff.golden")
	rbactest.Fields(t, "testdata/fields.golden", productView, statusView, orderView, faqView, conversationView, messageView)
}

var (
	readmeRow  = regexp.MustCompile(`\[(\w+\.go)\]\((\w+\.go)\)((?: ` + "`" + `\w+` + "`" + `,?)*)`)
	readmeName = regexp.MustCompile("`(\\w+)`")
)

// The README's map names files, and functions in them, that are there; and every file of the program is in it.
func TestTheReadmesMapIsTheProgram(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, m := range readmeRow.FindAllStringSubmatch(string(readme), -1) {
		require.Equal(t, m[1], m[2])
		code, err := os.ReadFile(m[1])
		require.NoError(t, err)
		for _, name := range readmeName.FindAllStringSubmatch(m[3], -1) {
			require.Regexp(t, `func (\(\w+ \*?\w+\) )?`+name[1]+`[\[(]`, string(code), m[1])
		}
	}
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, f := range files {
		name := f.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.Contains("main.go certificate.go schema.go seed.go page.go", name) {
			continue
		}
		require.Contains(t, string(readme), "("+name+")")
	}
}

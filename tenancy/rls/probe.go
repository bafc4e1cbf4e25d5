package rls

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed probe.sql
var probeSQL string

// A probe runs the expressions of one table's policies over made-up rows, in every state of a session
// that matters: the tenant's scope set or not, and every setting the expressions read unset, empty,
// nonsense, the own tenant's, another tenant's, or a value that might be magic.
type probe struct {
	From   string          `json:"from"`
	Exprs  []string        `json:"exprs"`
	Rows   []values        `json:"rows"`
	States []settingsState `json:"states"`

	rows []madeRow
	envs []env
}

type values map[string]*string

// settingsState is what a session has set, and what is made up for expressions that are run in it.
type settingsState struct {
	Settings map[string]string `json:"settings"`
	Envs     []madeEnv         `json:"envs"`
}

type madeEnv struct {
	ID   *string           `json:"id"`
	Vars map[string]string `json:"vars"`
}

// outcome is what one expression said of the rows in the environments of one state.
type outcome struct {
	At     [3]int        // probe, state, expression
	Pass   map[int][]int // environment -> rows, from 1
	Errors map[int]string
}

// verdict holds, for each expression and environment of a probe, which rows passed.
type verdict struct {
	probe  *probe
	expr   map[string]int
	passed map[[2]int]map[int]bool // expression, environment -> rows from 0
	failed map[[2]int]string
}

// runProbes runs all probes in one statement and returns a verdict for each.
func runProbes(ctx context.Context, q DB, role string, probes []*probe) ([]*verdict, error) {
	if len(probes) == 0 {
		return nil, nil
	}
	payload, err := json.Marshal(probes)
	if err != nil {
		return nil, err
	}
	if _, err := q.ExecContext(ctx, `SELECT set_config('bailiwick.probes', $1, true), set_config('bailiwick.role', $2, true)`, string(payload), role); err != nil {
		return nil, fmt.Errorf("rls: %w", err)
	}
	if _, err := q.ExecContext(ctx, probeSQL); err != nil {
		return nil, fmt.Errorf("rls: running policies: %w", err)
	}
	var out string
	if err := q.QueryRowContext(ctx, `SELECT current_setting('bailiwick.outcome')`).Scan(&out); err != nil {
		return nil, fmt.Errorf("rls: %w", err)
	}
	var cells []outcome
	if err := json.Unmarshal([]byte(out), &cells); err != nil {
		return nil, fmt.Errorf("rls: running policies: %w", err)
	}
	verdicts := make([]*verdict, len(probes))
	for i, p := range probes {
		v := &verdict{probe: p, expr: map[string]int{}, passed: map[[2]int]map[int]bool{}, failed: map[[2]int]string{}}
		for x, e := range p.Exprs {
			v.expr[e] = x
		}
		verdicts[i] = v
	}
	for _, c := range cells {
		v := verdicts[c.At[0]]
		env := func(n int) [2]int {
			return [2]int{c.At[2], slices.IndexFunc(v.probe.envs, func(e env) bool { return e.state == c.At[1] && e.at == n })}
		}
		for n, rows := range c.Pass {
			v.passed[env(n)] = map[int]bool{}
			for _, r := range rows {
				v.passed[env(n)][r-1] = true
			}
		}
		for n, why := range c.Errors {
			v.failed[env(n)] = why
		}
	}
	return verdicts, nil
}

// env is one state of a session.
type env struct {
	kind      envKind
	state, at int             // its place in the probe
	values    map[string]bool // whose rows may be seen: the tenants the session claims to be
	note      string
}

type envKind int

const (
	envOwn     envKind = iota // tenant A
	envUnset                  // nobody
	envEmpty                  // nobody, on a connection that was used before
	envGarbage                // nonsense
	envMagic                  // a value with a meaning
	envForged                 // tenant A by signature, tenant B by an unsigned setting
)

// madeRow is a row that never was.
type madeRow struct {
	tenant *string // nil: NULL
	kind   rowKind
	note   string
}

type rowKind int

const (
	rowOther   rowKind = iota // another tenant's
	rowNull                   // nobody's
	rowLiteral                // of the tenant whose id is a constant of the policy
	rowSpecial                // another tenant's, with a value in some column that a policy looks at
	rowOwn                    // tenant A's
)

// ids are two tenants and others whose ids are nearly the first's.
type ids struct {
	own, other string
	near       []string
}

// idsFor returns ids of a form that the column, and what expressions cast it to, can hold.
func idsFor(c *column, exprs []expression) ids {
	form := "text"
	castTo := func(types ...string) bool {
		return slices.ContainsFunc(exprs, func(e expression) bool {
			for i, t := range e {
				if i > 0 && e[i-1].is("::") && slices.Contains(types, t.val) {
					return true
				}
			}
			return false
		})
	}
	limit := maxLength(c.Base)
	switch {
	case c.Base == "uuid", c.Category == "S" && limit >= 36 && castTo("uuid"):
		form = "uuid"
	case c.Base == "smallint":
		form = "small"
	case c.Category == "N", c.Category == "S" && castTo("integer", "bigint", "smallint", "numeric"):
		form = "number"
	}
	switch form {
	case "uuid":
		return ids{"7d3c1a52-4b6e-4f80-9a1c-2e5d8f9b0c31", "b1f7e0c4-95d2-4a3b-8e66-01c9a7d4f2e8",
			[]string{"7d3c1a52-4b6e-4f80-9a1c-2e5d8f9b0c32", "8d3c1a52-4b6e-4f80-9a1c-2e5d8f9b0c31"}}
	case "small":
		return ids{"17001", "20934", []string{"17002", "-17001"}}
	case "number":
		near := []string{"1700000018", "-1700000017"}
		if c.Base == "bigint" || c.Base == "numeric" {
			near = append(near, "5994967313") // equal in 32 bits
		}
		return ids{"1700000017", "1234567890", near}
	}
	if limit < 24 {
		return ids{"q7", "z3", []string{"q8", "p7"}}
	}
	return ids{"probe-tenant-qa-17", "zz-other-tenant-93", []string{"probe-tenant-qa-18", "brobe-tenant-qa-17", "probe-tenant-qa-17x", "probe-tenant-qa-1"}}
}

// maxLength is the n of varchar(n) or char(n).
func maxLength(typ string) int {
	n := 1 << 30
	if _, args, ok := strings.Cut(typ, "("); ok && strings.HasPrefix(typ, "char") {
		fmt.Sscanf(args, "%d", &n)
	}
	return n
}

// fits reports whether the text is a value of the column's type.
func fits(c *column, v string) bool {
	switch {
	case c.Base == "uuid":
		return isUUID(v)
	case c.Category == "N":
		return isNumber(v)
	case c.Category == "S":
		return len(v) <= maxLength(c.Base)
	case c.Category == "E":
		return slices.Contains(c.Labels, v)
	case c.Category == "B":
		return v == "true" || v == "false"
	}
	return false
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) {
			return false
		}
	}
	return true
}

func isNumber(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	return digits != "" && len(digits) < 10 && strings.Trim(digits, "0123456789") == ""
}

// trials are the values worth trying in a column that a policy looks at.
func trials(c *column, literals []string) []*string {
	out := []*string{nil}
	add := func(vs ...string) {
		for _, v := range vs {
			out = append(out, &v)
		}
	}
	switch c.Category {
	case "B":
		add("true", "false")
	case "E":
		add(c.Labels[:min(len(c.Labels), 12)]...)
	case "N":
		add("0", "1", "-1")
	case "D":
		if strings.HasPrefix(c.Base, "time ") || strings.HasPrefix(c.Base, "time(") || c.Base == "time" {
			add("00:00:00", "23:59:59")
		} else {
			add("1970-01-01", "2999-12-31")
		}
	case "A":
		add("{}")
		if c.Base == "text[]" {
			for _, l := range literals {
				if !strings.ContainsAny(l, `{}",\`) && l != "" {
					add("{" + l + "}")
				}
			}
		}
		return out
	case "S":
		add("")
	}
	if c.Base == "uuid" {
		add("00000000-0000-0000-0000-000000000000")
	}
	if c.Base == "jsonb" || c.Base == "json" {
		add("{}")
	}
	for _, l := range literals[:min(len(literals), 12)] {
		if fits(c, l) {
			add(l)
		}
	}
	return out
}

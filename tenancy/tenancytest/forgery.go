package tenancytest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const forgeRemedy = "Let policies compare the tenant column with tenancy.id() and with no other setting, flag or magic value."

// scopeSetting is where a transaction's signed scope is kept.
const scopeSetting = "tenancy.scope"

var settingNames = regexp.MustCompile(`current_setting\(\s*'([^']+)'`)

// settings returns the custom settings that the table's policies and the functions within reach name.
func (h *hand) settings() []string {
	names := []string{scopeSetting}
	texts := slices.Clone(h.t.Policies)
	for _, p := range h.cat.parts(h.t) {
		texts = append(texts, p.Policies...)
	}
	for _, r := range h.cat.reach {
		texts = append(texts, r.Definition)
	}
	for _, s := range texts {
		for _, m := range settingNames.FindAllStringSubmatch(s, -1) {
			if strings.Contains(m[1], ".") {
				names = append(names, m[1])
			}
		}
	}
	names = append(names, "app.tenant_id", "app.current_tenant", "app.bypass_rls", "request.jwt.claims")
	slices.Sort(names)
	return slices.Compact(names)
}

// values returns what a setting is forged to: the other tenant, signed wrongly in several ways, the words
// that mean "everyone" somewhere, and each literal of the table's policies.
func (h *hand) values(setting string) ([]string, error) {
	a, b := h.A.String(), h.B.String()
	out := []string{b, "", "*", "all", "on", "true", "1", "t", "yes", "admin", "system", "bypass", "0", "null",
		`{"tenant_id": "` + b + `", "role": "service_role"}`}
	for _, p := range h.t.Policies {
		for _, m := range quoted.FindAllStringSubmatch(p, -1) {
			if len(m[1]) < 64 {
				out = append(out, strings.ReplaceAll(m[1], "''", "'"))
			}
		}
	}
	if setting == scopeSetting {
		var scope string
		if err := h.tx.GetContext(h.ctx, &scope, "SELECT coalesce(pg_catalog.current_setting($1, true), '')", setting); err != nil {
			return nil, err
		}
		if head, ok := strings.CutSuffix(scope, a); ok && len(head) > 64 {
			out = append([]string{head + b, b, strings.Repeat("0", 64) + head[64:] + b}, out...)
			out = append(out, strings.Repeat(head[:1], 64)+head[64:]+b,
				strings.ToUpper(head)+b, head[:64]+b, head[64:]+b, scope+b, scope+","+b, b+scope, head+a+"\n"+b, head[:64]+head[64:]+b+" ")
		}
	}
	return out, nil
}

// forgeForms are ways to set a setting and read a table in one injected text. The first %s is the setting,
// the second its value, both literals.
var forgeForms = []struct{ how, before, sql string }{
	{"in the statement before", "SELECT pg_catalog.set_config(%[1]s, %[2]s, true);", `SELECT count(*) FROM {t} x WHERE x.{c}::text = {b}`},
	{"for the session", "SELECT pg_catalog.set_config(%[1]s, %[2]s, false);", `SELECT count(*) FROM {t} x WHERE x.{c}::text = {b}`},
	{"in a CTE", "", `WITH s AS MATERIALIZED (SELECT pg_catalog.set_config(%[1]s, %[2]s, true) AS v)
		SELECT count(*) FROM s, LATERAL (SELECT 1 FROM {t} x WHERE x.{c}::text = {b} AND s.v IS NOT NULL OFFSET 0) y`},
	{"in a UNION", "", `SELECT sum(n) FROM (SELECT 0 * pg_catalog.length(pg_catalog.set_config(%[1]s, %[2]s, true)) AS n
		UNION ALL SELECT count(*) FROM {t} x WHERE x.{c}::text = {b}) u`},
	{"in a subquery", "", `SELECT count(*) FROM {t} x WHERE (SELECT pg_catalog.set_config(%[1]s, %[2]s, true)) IS NOT NULL AND x.{c}::text = {b}`},
	{"in a lateral subquery", "", `SELECT count(*) FROM (SELECT pg_catalog.set_config(%[1]s, %[2]s, true) AS v OFFSET 0) s
		CROSS JOIN LATERAL (SELECT 1 FROM {t} x WHERE x.{c}::text = {b} AND s.v IS NOT NULL OFFSET 0) y`},
}

// forge tries each value of a setting in the first form, and those that look most like a scope in all.
//
// An attempt is one text that divides by zero if it reaches a row: the server is asked once for
// it, and it is undone by the next one.
func (h *hand) forge(setting string) (string, error) {
	values, err := h.values(setting)
	if err != nil {
		return "", err
	}
	inAllForms := values[:min(3, len(values))]
	slices.Sort(values)
	values = slices.Compact(values)
	attempt := func(form int, v string) (string, error) {
		f := forgeForms[form]
		q, err := h.fill(f.sql)
		return fmt.Sprintf(f.before+"SELECT 1 / (CASE WHEN ("+q+") > 0 THEN 0 ELSE 1 END);", lit(setting), lit(v)), err
	}
	var texts, how []string
	if setting == scopeSetting { // each ought to raise an error
		for _, v := range values {
			for i, f := range forgeForms {
				if i == 0 || slices.Contains(inAllForms, v) {
					s, err := attempt(i, v)
					if err != nil {
						return "", err
					}
					texts, how = append(texts, s), append(how, f.how)
				}
			}
		}
	} else { // none ought to
		var all string
		for _, v := range values {
			s, err := attempt(0, v)
			if err != nil {
				return "", err
			}
			all, texts, how = all+s, append(texts, s), append(how, forgeForms[0].how)
		}
		if _, err := h.exec(all); err == nil {
			return "", nil
		} else if state(err) == "" {
			return "", err
		}
		if err := h.undo(); err != nil {
			return "", err
		}
	}
	for i, s := range texts {
		_, err := h.alone(s)
		switch {
		case state(err) == "22012":
			return fmt.Sprintf("rows were reached with the setting %s changed %s", setting, how[i]), nil
		case err != nil && state(err) == "":
			return "", lost{err}
		}
	}
	return "", nil
}

// forgeTricks change the settings that decide who the tenant is.
var forgeTricks = []trick{
	{rule: rule("forge.scope", "a forged tenant scope is believed", forgeRemedy), run: func(h *hand) (string, error) {
		return h.forge(scopeSetting)
	}},
	{rule: rule("forge.setting", "a setting that anyone may change lifts the guard", forgeRemedy), run: func(h *hand) (string, error) {
		for _, name := range h.settings() {
			if name == scopeSetting {
				continue
			}
			seen, err := h.forge(name)
			if seen != "" || err != nil {
				return seen, err
			}
		}
		return "", nil
	}},
	{rule: rule("forge.unset", "without a tenant scope rows are visible", forgeRemedy), run: func(h *hand) (string, error) {
		for _, s := range []string{"RESET " + scopeSetting, "RESET ALL", "SET LOCAL " + scopeSetting + " = ''", "SET LOCAL " + scopeSetting + " TO DEFAULT"} {
			var n int64
			err := h.sub(func() (err error) {
				if _, err = h.exec(s); err == nil {
					n, err = h.number("SELECT count(*) FROM " + h.t.Name)
				}
				return err
			})
			if err == nil && n > 0 {
				return rowsSeen(n) + ", after " + s, nil
			}
			if err != nil && !refused(err) {
				return "", err
			}
		}
		return "", nil
	}},
	{rule: rule("forge.rowsecurity", "row_security = off shows rows of another tenant", guardRemedy), run: func(h *hand) (string, error) {
		if _, err := h.exec("SET LOCAL row_security = off"); err != nil {
			return "", err
		}
		q, err := h.fill("SELECT count(*) FROM {t} x WHERE x.{c}::text = {b}")
		if err != nil {
			return "", err
		}
		n, err := h.number(q)
		return rowsSeen(n), err
	}},
}

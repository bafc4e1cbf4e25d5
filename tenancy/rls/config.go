package rls

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
)

// Config says how a database is meant to keep tenants apart. The same one drives [SQL], [Diff] and
// [Inspect], so that what is printed is what is looked for.
type Config struct {
	// AppRole is the role the application logs in as. Names in a Config are written as in SQL: a name
	// with other characters than a-z, 0-9 and _ stands between double quotes.
	AppRole string
	// SystemRole is the role of work that belongs to no tenant, which row-level security does not hold
	// back; "" if there is none.
	SystemRole string
	// Column is the tenant column of tables that do not say otherwise; "" means tenant_id.
	Column string
	// Tables are the tenant tables. Inspect also looks at every other table the app role can reach.
	Tables []Table
	// Shared are tables without a tenant, which every tenant may read and none may write: countries,
	// plans, permissions.
	Shared []string
	// Waive accepts findings of Inspect, each for a reason.
	Waive []Waiver
}

// Type is the type of a tenant column.
type Type string

// The types of tenant columns that SQL prints policies for.
const (
	Text Type = "text" // also varchar and domains over them
	UUID Type = "uuid"
)

// Table is one tenant table.
type Table struct {
	Name   string // note, app.note, "Note"; in the schema public where none is written
	Column string // "" means Config.Column
	Type   Type   // "" means Text
	// Privileges are what the app role may do: any of SELECT, INSERT, UPDATE and DELETE; nil means all
	// four. A log that is only added to has SELECT and INSERT. UPDATE never covers the tenant column.
	Privileges []string
}

// Report is the outcome of one inspection. Its fields:
//
//	Tool     string    // "bailiwick/rls"
//	Target   string    // the name of the database
//	Rules    []Rule    // every rule that was looked for
//	Findings []Finding // not waived; worst first, then by rule and object
//	Waived   []Waived  // accepted by a Waiver
//
// Its methods:
//
//	Err(at Severity) error                             // a *Failure if a finding is as bad as at, or worse
//	Count() (errs, warnings, infos int)                // of Findings
//	Fix() string                                       // the statements of all findings; read them first
//	String() string                                    // as text, for people
//	WriteText(w io.Writer) error                       // the same
//	WriteJSON(w io.Writer) error                       // for programs
//	WriteSARIF(w io.Writer, artifact string) error     // SARIF 2.1.0; artifact is the file findings are shown at
type Report = finding.Report

// Finding is one thing that is wrong. It holds names, expressions and shapes, never a row's value. Its
// fields:
//
//	Rule     string   // the id of the rule, such as RLS001
//	Severity Severity // may differ from the rule's; then Evidence says why
//	Object   string   // what it is about, such as public.note
//	Message  string   // what is wrong, in a clause
//	Evidence string   // what was seen
//	Fix      string   // statements that mend it, ready to be run; "" if a person must decide
type Finding = finding.Finding

// Waiver says in [Config] that findings are known and accepted. Its fields:
//
//	Rule   string    // the id of the rule, such as RLS082
//	Object string    // exactly as the finding names it, or "*" for every object
//	Reason string    // why it is safe here; without one it waives nothing, and is a finding: WVR001
//	Until  time.Time // from then on it waives nothing, and is a finding: WVR002; zero: it never ends
//
// A waiver that waives nothing is a finding too: WVR003. Findings about waivers cannot be waived.
type Waiver = finding.Waiver

// Waived is a finding that does not count: a [Finding], and the Reason and Until of its [Waiver].
type Waived = finding.Waived

// Failure is the error of [Report].Err, for errors.As. Its fields are Tool, a string, and Findings, the
// findings that count: at least one.
type Failure = finding.Failure

// Rule is what [Inspect] looks for; [Rules] returns all. Its fields:
//
//	ID       string   // never changes its meaning and is never used again
//	Severity Severity // the usual one
//	Title    string   // what is wrong, as one clause
//	Remedy   string   // what to do about it, in words
type Rule = finding.Rule

// Severity says how bad a finding is: [Info], [Warning] or [Error], in rising order. Its String and its
// form in JSON are "info", "warning" and "error".
type Severity = finding.Severity

// The severities of findings.
const (
	Info    = finding.Info    // worth knowing; nothing is at risk
	Warning = finding.Warning // a side channel, or one careless step away from an error
	Error   = finding.Error   // a tenant can get at what is not its own
)

// DB is the part of database/sql that is needed: *sql.DB, *sql.Conn, *sql.Tx, and what wraps them, such
// as sqlx's types. Over an *sql.Tx, everything happens inside a savepoint that is rolled back, so
// that changes the transaction has not committed are looked at too.
type DB interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// config is a Config that has been checked.
type config struct {
	app, system, column string
	tables              []table
	shared              []name
	waive               []Waiver
}

type table struct {
	name
	column     string
	typ        Type
	privileges []string // in the order of verbs
}

var verbs = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}

func (cfg Config) parse() (*config, error) {
	c := &config{waive: cfg.Waive}
	var errs []error
	keep := func(s string, err error) string {
		if err != nil {
			errs = append(errs, err)
		}
		return s
	}
	if cfg.AppRole == "" {
		return nil, errors.New("rls: the config names no app role")
	}
	c.app = keep(parseIdentifier(cfg.AppRole))
	if cfg.SystemRole != "" {
		c.system = keep(parseIdentifier(cfg.SystemRole))
	}
	for _, role := range []string{c.app, c.system} {
		if role == "public" || role == "none" {
			errs = append(errs, fmt.Errorf("rls: %q cannot be a role", role))
		}
	}
	if c.app == c.system {
		errs = append(errs, errors.New("rls: app and system role are the same"))
	}
	c.column = "tenant_id"
	if cfg.Column != "" {
		c.column = keep(parseIdentifier(cfg.Column))
	}
	seen := map[name]bool{}
	take := func(s string) name {
		n, err := parseName(s)
		keep("", err)
		if err == nil && seen[n] {
			errs = append(errs, fmt.Errorf("rls: %v is listed twice", n))
		}
		seen[n] = true
		return n
	}
	for _, t := range cfg.Tables {
		out := table{name: take(t.Name), column: c.column, typ: t.Type}
		if t.Column != "" {
			out.column = keep(parseIdentifier(t.Column))
		}
		switch t.Type {
		case "":
			out.typ = Text
		case Text, UUID:
		default:
			errs = append(errs, fmt.Errorf("rls: %q: a tenant column is text or uuid, not %q", t.Name, t.Type))
		}
		var err error
		if out.privileges, err = sortVerbs(t.Privileges); err != nil {
			errs = append(errs, fmt.Errorf("rls: %q: %w", t.Name, err))
		}
		c.tables = append(c.tables, out)
	}
	for _, s := range cfg.Shared {
		c.shared = append(c.shared, take(s))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

func sortVerbs(given []string) ([]string, error) {
	if given == nil {
		return verbs, nil
	}
	has := map[string]bool{}
	for _, p := range given {
		has[p] = true
	}
	out := []string{}
	for _, v := range verbs {
		if has[v] {
			out = append(out, v)
			delete(has, v)
		}
	}
	if len(has) > 0 {
		return nil, errors.New("privileges are SELECT, INSERT, UPDATE and DELETE only")
	}
	return out, nil
}

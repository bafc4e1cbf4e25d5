package vault

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// ErrRow is returned for a struct whose vault tags cannot be followed. It names the field.
var ErrRow = errors.New("vault: a struct's tags cannot be followed")

// sealedFieldPlan is one field with a vault tag.
type sealedFieldPlan struct {
	purpose                           string
	plain, sealed, id, index, subject []int
	subjectType                       string
}

var rowPlans sync.Map // reflect.Type → []sealedFieldPlan or error

// planOf reads the tags of a struct type:
//
//	`vault:"customers.email,id=ID,into=EmailSealed,subject=user:ID,index=EmailIndex"`
//
// on the field that holds the plaintext, a string or []byte. id and into are needed: the field with the record's id, and
// the Sealed field with what goes into the database. subject is the field with whose it is, an audit.Subject, or a
// string after the type of the subject and a colon. index is a []byte field that takes the token.
func planOf(t reflect.Type) ([]sealedFieldPlan, error) {
	if p, ok := rowPlans.Load(t); ok {
		if err, bad := p.(error); bad {
			return nil, err
		}
		return p.([]sealedFieldPlan), nil
	}
	plan, err := makePlan(t)
	if err != nil {
		rowPlans.Store(t, err)
		return nil, err
	}
	rowPlans.Store(t, plan)
	return plan, nil
}

func makePlan(t reflect.Type) (plan []sealedFieldPlan, err error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%w: %s is not a struct", ErrRow, t)
	}
	for _, f := range reflect.VisibleFields(t) {
		tag, ok := f.Tag.Lookup("vault")
		if !ok {
			continue
		}
		p := sealedFieldPlan{plain: f.Index}
		bad := func(format string, args ...any) error {
			return fmt.Errorf("%w: %s.%s: %s", ErrRow, t, f.Name, fmt.Sprintf(format, args...))
		}
		if len(f.Index) > 1 {
			return nil, bad("it has to be a field of the struct itself")
		}
		if !f.IsExported() || f.Type.Kind() != reflect.String && f.Type != reflect.TypeFor[[]byte]() {
			return nil, bad("it has to be an exported string or []byte")
		}
		parts := strings.Split(tag, ",")
		p.purpose = parts[0]
		for _, part := range parts[1:] {
			key, name, _ := strings.Cut(part, "=")
			if typ, field, ok := strings.Cut(name, ":"); ok && key == "subject" {
				p.subjectType, name = typ, field
			}
			other, ok := t.FieldByName(name)
			if !ok || !other.IsExported() || len(other.Index) > 1 {
				return nil, bad("it has no exported field %s", name)
			}
			switch {
			case key == "id" && other.Type.Kind() == reflect.String:
				p.id = other.Index
			case key == "into" && other.Type == reflect.TypeFor[Sealed]():
				p.sealed = other.Index
			case key == "subject" && other.Type.Kind() == reflect.String && (p.subjectType != "" || other.Type == reflect.TypeFor[audit.Subject]()):
				p.subject = other.Index
			case key == "index" && other.Type == reflect.TypeFor[[]byte]():
				p.index = other.Index
			default:
				return nil, bad("%s of type %s cannot be its %s", name, other.Type, key)
			}
		}
		if p.purpose == "" || p.id == nil || p.sealed == nil {
			return nil, bad("it needs a purpose, id= and into=")
		}
		plan = append(plan, p)
	}
	if len(plan) == 0 {
		return nil, fmt.Errorf("%w: %s has no field with a vault tag", ErrRow, t)
	}
	return plan, nil
}

// where is the record and the person of p in row.
func (p *sealedFieldPlan) where(row reflect.Value) (id string, who audit.Subject) {
	id = row.FieldByIndex(p.id).String()
	if p.subject == nil {
		return id, ""
	}
	name := row.FieldByIndex(p.subject).String()
	if p.subjectType == "" || name == "" {
		return id, audit.Subject(name)
	}
	return id, audit.SubjectOf(p.subjectType, name)
}

// SealRow seals the fields of *row that have a vault tag, each into the field that its tag names, and makes index tokens. The
// plaintext fields stay as they are: leave them out of what is stored. Without a value (an empty one) nothing is
// sealed, and the sealed field is nil.
//
//	type Customer struct {
//		ID          string
//		Email       string       `db:"-" vault:"customers.email,id=ID,into=EmailSealed,subject=user:ID,index=EmailIndex"`
//		EmailSealed vault.Sealed `db:"email"`
//		EmailIndex  []byte       `db:"email_index"`
//	}
func (v *Vault) SealRow(ctx context.Context, row any) error {
	at := reflect.ValueOf(row)
	if at.Kind() != reflect.Pointer || at.IsNil() {
		return fmt.Errorf("%w: it needs a pointer to a struct", ErrRow)
	}
	plan, err := planOf(at.Type().Elem())
	if err != nil {
		return err
	}
	s := at.Elem()
	for i := range plan {
		if err := v.sealField(ctx, s, &plan[i]); err != nil {
			return err
		}
	}
	return nil
}

func (v *Vault) sealField(ctx context.Context, s reflect.Value, p *sealedFieldPlan) error {
	f, err := v.Field(ctx, p.purpose)
	if err != nil {
		return err
	}
	var plain []byte
	switch from := s.FieldByIndex(p.plain); from.Kind() {
	case reflect.String:
		plain = []byte(from.String())
	default:
		plain = from.Bytes()
	}
	into := s.FieldByIndex(p.sealed)
	into.SetZero()
	if p.index != nil {
		s.FieldByIndex(p.index).SetZero()
	}
	if len(plain) == 0 {
		return nil
	}
	id, who := p.where(s)
	if p.subject != nil && who == "" {
		return fmt.Errorf("%w: the record has no subject", ErrRow)
	}
	sealed, err := f.AppendSeal(ctx, nil, id, who, plain)
	if err != nil {
		return err
	}
	into.SetBytes(sealed)
	if p.index == nil {
		return nil
	}
	token, err := f.Token(ctx, string(plain))
	s.FieldByIndex(p.index).SetBytes(token[:])
	return err
}

// OpenRow is the reverse of SealRow.
func (v *Vault) OpenRow(ctx context.Context, row any) error {
	at := reflect.ValueOf(row)
	if at.Kind() != reflect.Pointer || at.IsNil() {
		return fmt.Errorf("%w: it needs a pointer to a struct", ErrRow)
	}
	return v.openRows(ctx, []reflect.Value{at.Elem()}, nil)
}

// OpenRows is OpenRow for a slice of structs, or of pointers to structs, with one question for keys a field. lost, if it
// is not nil, is told of a row whose value is lost because its key was shredded, with the name of the plaintext field, which
// is then empty; otherwise that is an error as any other.
func (v *Vault) OpenRows(ctx context.Context, rows any, lost func(row int, field string)) error {
	all := reflect.ValueOf(rows)
	if all.Kind() != reflect.Slice {
		return fmt.Errorf("%w: it needs a slice of structs", ErrRow)
	}
	structs := make([]reflect.Value, all.Len())
	for i := range structs {
		structs[i] = all.Index(i)
		if structs[i].Kind() == reflect.Pointer {
			if structs[i].IsNil() {
				return fmt.Errorf("%w: row %d is nil", ErrRow, i)
			}
			structs[i] = structs[i].Elem()
		}
	}
	return v.openRows(ctx, structs, lost)
}

func (v *Vault) openRows(ctx context.Context, rows []reflect.Value, lost func(row int, field string)) error {
	if len(rows) == 0 {
		return nil
	}
	plan, err := planOf(rows[0].Type())
	if err != nil {
		return err
	}
	for i := range plan {
		if err := v.openField(ctx, rows, &plan[i], lost); err != nil {
			return err
		}
	}
	return nil
}

func (v *Vault) openField(ctx context.Context, rows []reflect.Value, p *sealedFieldPlan, lost func(row int, field string)) error {
	f, err := v.Field(ctx, p.purpose)
	if err != nil {
		return err
	}
	var items []Item
	var of []int
	for i, row := range rows {
		row.FieldByIndex(p.plain).SetZero()
		if sealed := row.FieldByIndex(p.sealed).Bytes(); len(sealed) > 0 {
			id, who := p.where(row)
			items, of = append(items, Item{ID: id, Subject: who, Sealed: sealed}), append(of, i)
		}
	}
	if err := f.OpenMany(ctx, items); err != nil {
		return err
	}
	for i := range items {
		row, it := rows[of[i]], &items[i]
		name := row.Type().FieldByIndex(p.plain).Name
		switch {
		case errors.Is(it.Err, ErrShredded) && lost != nil:
			lost(of[i], name)
		case it.Err != nil:
			return fmt.Errorf("vault: row %d, field %s: %w", of[i], name, it.Err)
		case row.FieldByIndex(p.plain).Kind() == reflect.String:
			row.FieldByIndex(p.plain).SetString(string(it.Plaintext))
		default:
			row.FieldByIndex(p.plain).SetBytes(it.Plaintext)
		}
	}
	return nil
}

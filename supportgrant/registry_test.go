package supportgrant

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func resource() Resource {
	return Resource{Name: "posts", Category: Posts, Table: "app.posts", Key: []string{"id"}, Columns: []string{"id", "title", "profile.city"}}
}

func TestARegistryListsNamesAndNoSecrets(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(*Resource){
		"no name":            func(r *Resource) { r.Name = "" },
		"a name":             func(r *Resource) { r.Name = "Posts!" },
		"no category":        func(r *Resource) { r.Category = Category{} },
		"no table":           func(r *Resource) { r.Table = "" },
		"SQL as a table":     func(r *Resource) { r.Table = "posts p, users u" },
		"three parts":        func(r *Resource) { r.Table = "a.b.c" },
		"no schema":          func(r *Resource) { r.Table = ".posts" },
		"table of tokens":    func(r *Resource) { r.Table = "api_tokens" },
		"no columns":         func(r *Resource) { r.Columns = nil },
		"star":               func(r *Resource) { r.Columns = append(r.Columns, "*") },
		"empty column":       func(r *Resource) { r.Columns = append(r.Columns, "") },
		"SQL as a column":    func(r *Resource) { r.Columns = append(r.Columns, "lower(title)") },
		"twice":              func(r *Resource) { r.Columns = append(r.Columns, "title") },
		"password":           func(r *Resource) { r.Columns = append(r.Columns, "password_hash") },
		"token in JSON":      func(r *Resource) { r.Columns = append(r.Columns, "profile.accessToken") },
		"deep JSON":          func(r *Resource) { r.Columns = append(r.Columns, "a"+strings.Repeat(".b", 8)) },
		"quoted":             func(r *Resource) { r.Columns = append(r.Columns, `"title"`) },
		"too many":           func(r *Resource) { r.Columns = append(r.Columns, make([]string, 256)...) },
		"no key":             func(r *Resource) { r.Key = nil },
		"hidden key":         func(r *Resource) { r.Key = []string{"other"} },
		"key twice":          func(r *Resource) { r.Key = []string{"id", "id"} },
		"key in JSON":        func(r *Resource) { r.Key = []string{"profile.city"} },
		"SQL as care":        func(r *Resource) { r.Care = "NOT vip" },
		"SQL as a condition": func(r *Resource) { r.Where = []Condition{Is("1=1 OR id", 1)} },
		"no value":           func(r *Resource) { r.Where = []Condition{Is("id", nil)} },
		"no operation":       func(r *Resource) { r.Where = []Condition{{Column: "id", Value: 1}} },
		"value of NULL":      func(r *Resource) { r.Where = []Condition{{"id", Null, 1}} },
		"strange value":      func(r *Resource) { r.Where = []Condition{Is("id", []int{1})} },
	} {
		r := resource()
		change(&r)
		_, err := checked(r)
		require.Error(t, err, what)
	}
	r := resource()
	id := uuid.New()
	r.Where = []Condition{Is("visible", true), Is("kind", 7), Is("owner", id), IsNull("deleted_at"), IsNotNull("title"), Is("at", time.Unix(0, 1001))}
	got, err := checked(r)
	require.NoError(t, err)
	require.Equal(t, []any{true, int64(7), id.String(), nil, nil, time.UnixMicro(1).UTC()},
		[]any{got.Where[0].Value, got.Where[1].Value, got.Where[2].Value, got.Where[3].Value, got.Where[4].Value, got.Where[5].Value})
	require.Equal(t, 7, r.Where[1].Value, "the caller's own stays as it is")
}

type nobody struct{}

func (nobody) StaffActive(context.Context, Person) (bool, error) { return false, nil }
func (nobody) CanApprove(context.Context, Person) (bool, error)  { return false, nil }

type nothing struct{ MFA }

func (nothing) Method() string { return "nothing" }

func TestAServiceWithoutASecondFactorOrARegistryDoesNotBegin(t *testing.T) {
	t.Parallel()
	good := func() Options { return Options{Registry: []Resource{resource()}, MFA: []MFA{nothing{}}} }
	_, err := New(NewMemory(nil), nobody{}, good())
	require.NoError(t, err)
	_, err = New(nil, nobody{}, good())
	require.Error(t, err)
	_, err = New(NewMemory(nil), nil, good())
	require.Error(t, err)
	for what, change := range map[string]func(*Options){
		"no second factor":  func(o *Options) { o.MFA = nil },
		"nil":               func(o *Options) { o.MFA = append(o.MFA, nil) },
		"one twice":         func(o *Options) { o.MFA = append(o.MFA, nothing{}) },
		"no registry":       func(o *Options) { o.Registry = nil },
		"a resource twice":  func(o *Options) { o.Registry = append(o.Registry, resource()) },
		"15 days of wait":   func(o *Options) { o.Wait = MaxWait + time.Second },
		"fraction of wait":  func(o *Options) { o.Wait = 1500 * time.Millisecond },
		"negative wait":     func(o *Options) { o.Wait = -time.Second },
		"2 hours to answer": func(o *Options) { o.Challenge = 2 * time.Hour },
		"negative hold":     func(o *Options) { o.Hold = -1 },
		"negative drain":    func(o *Options) { o.Drain = -1 },
		"negative rate":     func(o *Options) { o.Rate = -1 },
		"negative budget":   func(o *Options) { o.Budget = -1 },
	} {
		o := good()
		change(&o)
		_, err := New(NewMemory(nil), nobody{}, o)
		require.Error(t, err, what)
	}
	o := good()
	o.Hold = time.Hour
	s, err := New(NewMemory(nil), nobody{}, o)
	require.NoError(t, err)
	require.Equal(t, MaxHold, s.o.Hold)
}

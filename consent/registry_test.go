package consent

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAPolicyThatIsNotClearIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*Policy)
		says  string
	}{
		"no version":             {func(p *Policy) { p.Version = 0 }, "versions begin with 1"},
		"a choice for a minute":  {func(p *Policy) { p.Lasts = time.Minute }, "from an hour to 400 days"},
		"a choice for 401 days":  {func(p *Policy) { p.Lasts = 401 * 24 * time.Hour }, "from an hour to 400 days"},
		"no date":                {func(p *Policy) { p.Effective = time.Time{} }, "no date"},
		"not material at first":  {func(p *Policy) { p.Material = false }, "the first policy is material"},
		"no purposes":            {func(p *Policy) { p.Purposes = nil }, "no purposes"},
		"no key":                 {func(p *Policy) { p.Purposes[0].Key = "" }, "no key"},
		"a key with spaces":      {func(p *Policy) { p.Purposes[0].Key = "log in" }, "no key"},
		"a key twice":            {func(p *Policy) { p.Purposes[1].Key = "login" }, "there twice"},
		"no text":                {func(p *Policy) { p.Purposes[1].Text = nil }, "no text"},
		"half a text":            {func(p *Policy) { p.Purposes[1].Text = map[string]Text{"en": {Title: "Drafts"}} }, "lacks a title or a body"},
		"a text in one language": {func(p *Policy) { p.Purposes[1].Text["de"] = Text{"Entwürfe", "Entwürfe."} }, "not in the languages"},
		"no language":            {func(p *Policy) { p.Categories[0].Text = map[string]Text{"english": {"a", "b"}} }, "no language tag"},
		"category without a key": {func(p *Policy) { p.Categories[0].Key = "" }, "has no key"},
		"category without text":  {func(p *Policy) { p.Categories[0].Text = nil }, "no text"},
		"category not named":     {func(p *Policy) { p.Categories = nil }, "not among the policy's categories"},
		"category twice":         {func(p *Policy) { p.Categories = append(p.Categories, p.Categories[0]) }, "there twice"},
		"category 16":            {func(p *Policy) { p.Categories[0].Category = 16 }, "there are 16"},
		"purpose of category 16": {func(p *Policy) { p.Purposes[0].Category = 16 }, "there are 16"},
		"a built-in key":         {func(p *Policy) { p.Categories[0].Key = "marketing" }, "key of a built-in category"},
		"analytics renamed": {func(p *Policy) {
			p.Categories = append(p.Categories, CategoryText{Analytics, "essential", en("x")})
		}, "cannot have another key"},
		"essential that sells":      {func(p *Policy) { p.Purposes[0].Sale = true }, "is not essential"},
		"marketing without flags":   {func(p *Policy) { p.Purposes[3].TargetedAds, p.Purposes[3].Share = false, false }, "marketing says whether"},
		"a switch of two fates":     {func(p *Policy) { p.Purposes[4].Category, p.Purposes[4].Sale = Analytics, true }, "one switch has one fate"},
		"storage without a name":    {func(p *Policy) { p.Purposes[0].Storage = []Item{{}} }, "it has no name"},
		"all cookies":               {func(p *Policy) { p.Purposes[0].Storage = []Item{{Name: "*"}} }, "it has no name"},
		"a star inside":             {func(p *Policy) { p.Purposes[0].Storage = []Item{{Name: "a*b"}} }, "not the name of a cookie"},
		"a name with a space":       {func(p *Policy) { p.Purposes[0].Storage = []Item{{Name: "a b"}} }, "not the name of a cookie"},
		"a name too long":           {func(p *Policy) { p.Purposes[0].Storage = []Item{{Name: strings.Repeat("a", 257)}} }, "not the name of a cookie"},
		"an unknown kind":           {func(p *Policy) { p.Purposes[0].Storage = []Item{{Kind: 9, Name: "x"}} }, "kind is unknown"},
		"a bound below 0":           {func(p *Policy) { p.Purposes[0].Storage = []Item{{Name: "x", TTL: -1}} }, "below 0"},
		"a database with a path":    {func(p *Policy) { p.Purposes[0].Storage = []Item{{Kind: IndexedDB, Name: "x", Path: "/"}} }, "only cookies"},
		"our own cookie":            {func(p *Policy) { p.Purposes[0].Storage = []Item{{Name: CookieName}} }, "needs no declaration"},
		"one name of two":           {func(p *Policy) { p.Purposes[4].Storage = []Item{{Name: "_ga"}} }, "has the same name"},
		"one beginning of two":      {func(p *Policy) { p.Purposes[4].Storage = []Item{{Name: "_ga_x*"}} }, "begin with the same"},
		"a longer one of two":       {func(p *Policy) { p.Purposes[4].Storage = []Item{{Name: "_*"}} }, "begin"},
		"a name within a beginning": {func(p *Policy) { p.Purposes[4].Storage = []Item{{Name: "_ga_1"}} }, "begins as"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := shop(1, true, day1)
			c.spoil(&p)
			_, err := Compile(p)
			require.ErrorIs(t, err, ErrPolicy)
			require.ErrorContains(t, err, c.says)
		})
	}
	_, err := Compile()
	require.ErrorIs(t, err, ErrPolicy)
}

func TestAnEditorialPolicyThatMakesAnEarlierYesCoverMoreIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Policy)
		says   string
	}{
		"a purpose in a category that was there": {func(p *Policy) {
			p.Purposes = append(p.Purposes, Purpose{Key: "errors", Category: Analytics, Text: en("Errors")})
		}, `"errors" is new in analytics`},
		"a purpose moved":       {func(p *Policy) { p.Purposes[2].Category = Functional }, "came to functional"},
		"it sells now":          {func(p *Policy) { p.Purposes[3].Sale = true }, "did not sell"},
		"one cookie more":       {func(p *Policy) { p.Purposes[2].Storage = append(p.Purposes[2].Storage, Item{Name: "_gid"}) }, "stores more"},
		"it stays longer":       {func(p *Policy) { p.Purposes[2].Storage[0].TTL++ }, "stores more, or longer"},
		"it is about more":      {func(p *Policy) { p.Purposes[2].Data = []string{"pd:IPAddress"} }, "about more data"},
		"others get it, too":    {func(p *Policy) { p.Purposes[2].Recipients = []string{"Counter Ltd"} }, "more recipients"},
		"a choice lasts longer": {func(p *Policy) { p.Lasts = 181 * 24 * time.Hour }, "would last longer"},
		"words":                 {func(p *Policy) { p.Purposes[2].Text = en("We count visits") }, ""},
		"a purpose less":        {func(p *Policy) { p.Purposes = p.Purposes[:4] }, ""},
		"an essential one more": {func(p *Policy) {
			p.Purposes = append(p.Purposes, Purpose{Key: "fraud", Category: Essential, Text: en("Fraud")})
		}, ""},
		"a category more": {func(p *Policy) {
			p.Categories = append(p.Categories, CategoryText{FirstOwn + 1, "video", en("Video")})
			p.Purposes = append(p.Purposes, Purpose{Key: "video", Category: FirstOwn + 1, Text: en("Video")})
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := shop(2, false, day1)
			c.change(&now)
			_, err := Compile(shop(1, true, day1), now)
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrPolicy)
			require.ErrorContains(t, err, c.says)
			now.Material = true
			_, err = Compile(shop(1, true, day1), now)
			require.NoError(t, err, "a material policy asks anew")
		})
	}
	// A yes to version 1 is still one in version 3, which may not bring back what version 2 took away, with more in it.
	without, back := shop(2, false, day1), shop(3, false, day1)
	without.Purposes = slices.Delete(without.Purposes, 2, 3)
	back.Purposes[2].Key = "errors"
	_, err := Compile(shop(1, true, day1), without, back)
	require.ErrorContains(t, err, "a yes to version 1 would cover more")
}

func TestANumberThatMeantSomethingIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	without := shop(2, true, day1)
	without.Categories, without.Purposes = nil, without.Purposes[:4]
	again := shop(3, true, day1)
	again.Categories[0].Key = "video"
	_, err := Compile(shop(1, true, day1), without, again)
	require.ErrorIs(t, err, ErrPolicy)
	require.ErrorContains(t, err, "is not used again")
	moved := shop(3, true, day1)
	moved.Categories[0].Category, moved.Purposes[4].Category = FirstOwn+1, FirstOwn+1
	_, err = Compile(shop(1, true, day1), without, moved)
	require.ErrorContains(t, err, "is not used again", "nor the key for another number")
	_, err = Compile(shop(1, true, day1), without, shop(3, true, day1))
	require.NoError(t, err)
}

func TestPoliciesFollowEachOther(t *testing.T) {
	t.Parallel()
	_, err := Compile(shop(2, true, day1), shop(2, true, day1))
	require.ErrorContains(t, err, "comes after version 2")
	_, err = Compile(shop(1, true, day1), shop(2, true, day1.Add(-time.Second)))
	require.ErrorContains(t, err, "in force before version 1")
	r := registry(t, shop(1, true, day1), shop(5, true, noon))
	require.Zero(t, r.Version(day1.Add(-time.Second)))
	require.EqualValues(t, 1, r.Version(day1))
	require.EqualValues(t, 1, r.Version(noon.Add(-time.Second)))
	require.EqualValues(t, 5, r.Version(noon))
	require.Zero(t, (*Registry)(nil).Version(noon))
	_, ok := r.Policy(day1.Add(-1))
	require.False(t, ok)
}

func TestARegistryDoesNotChangeWithWhatItWasMadeOf(t *testing.T) {
	t.Parallel()
	p := shop(1, true, day1)
	r := registry(t, p)
	before, _ := r.Document(noon, "en")
	p.Purposes[0].Text["en"] = Text{"x", "y"}
	p.Purposes[2].Storage[0].Name = "changed"
	got, _ := r.Policy(noon)
	require.Equal(t, "Staying signed in", got.Purposes[0].Text["en"].Title)
	require.Equal(t, "_ga", got.Purposes[2].Storage[0].Name)
	got.Purposes[0].Text["en"] = Text{"x", "y"}
	before.Body[0] = 'x'
	after, _ := r.Document(noon, "en")
	require.Equal(t, byte('{'), after.Body[0])
}

func TestATextsHashIsOfAllThatAPersonIsTold(t *testing.T) {
	t.Parallel()
	hash := func(change func(*Policy)) string {
		p := shop(1, true, day1)
		change(&p)
		d, ok := registry(t, p).Document(noon, "en")
		require.True(t, ok)
		require.True(t, json.Valid(d.Body))
		return d.Hash.String()
	}
	as := hash(func(*Policy) {})
	require.Equal(t, as, hash(func(*Policy) {}))
	seen := map[string]bool{as: true}
	for _, change := range []func(*Policy){
		func(p *Policy) { p.Version = 2 },
		func(p *Policy) { p.Effective = p.Effective.Add(time.Second) },
		func(p *Policy) { p.Purposes[1].Text = en("Draft") },
		func(p *Policy) { p.Categories[0].Text = en("Draft") },
		func(p *Policy) { p.Purposes[3].Sale = true },
		func(p *Policy) { p.Purposes[2].Storage[0].TTL += time.Second },
		func(p *Policy) { p.Purposes[2].Storage[0].Name = "_gb" },
		func(p *Policy) { p.Lasts = 90 * 24 * time.Hour },
		func(p *Policy) { p.Purposes[2].Data = []string{"pd:IPAddress"} },
		func(p *Policy) { p.Purposes[2].Recipients = []string{"Counter Ltd"} },
	} {
		h := hash(change)
		require.False(t, seen[h])
		seen[h] = true
	}
	// Records hold this hash: it stays what it is.
	require.Equal(t, "5d3be30b6fc38ee1281e529685bf90e682b412af241115c47a823e886b9a58d0", as)
	h, err := ParseHash(as)
	require.NoError(t, err)
	require.Equal(t, as, h.String())
	for _, bad := range []string{"", as[1:], as + "0", strings.Repeat("x", 64)} {
		_, err := ParseHash(bad)
		require.Error(t, err)
	}
	_, ok := registry(t).Document(noon, "de")
	require.False(t, ok)
}

func TestLanguageTags(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{"en", "de", "pt-BR", "zh-Hant-TW", "fil", "es-419", "sr-Latn"} {
		require.True(t, isLanguage(ok), ok)
	}
	for _, bad := range []string{"", "e", "english", "en-", "-en", "en_US", "12", "en-123456789", "e\n", "en--US"} {
		require.False(t, isLanguage(bad), bad)
	}
}

// The compiled list finds what a plain loop over all beginnings finds.
func TestCookieNamesAreFoundAsAPlainLoopFindsThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[ab_]{1,4}\*?`)
		var ps []Purpose
		for i, names := range rapid.SliceOfN(rapid.SliceOfN(name, 0, 6), 1, 3).Draw(t, "names") {
			p := Purpose{Key: fmt.Sprint("p", i), Category: Category(i)}
			for _, n := range names {
				p.Storage = append(p.Storage, Item{Name: n})
			}
			ps = append(ps, p)
		}
		matches := func(name string) (found Set) {
			for _, p := range ps {
				for _, it := range p.Storage {
					if start, ok := strings.CutSuffix(it.Name, "*"); it.Name == name || ok && strings.HasPrefix(name, start) {
						found |= p.Category.bit()
					}
				}
			}
			return found
		}
		n, err := compileNames(ps)
		if err != nil {
			for _, p := range ps {
				for _, it := range p.Storage {
					if matches(strings.TrimSuffix(it.Name, "*")).Len() > 1 {
						return // two categories claim it: refused rightly
					}
				}
			}
			t.Fatalf("refused though no name is of two categories: %v", err)
		}
		for range 20 {
			name := rapid.StringMatching(`[abc_]{0,6}`).Draw(t, "name")
			want := matches(name)
			got, ok := n.lookup(name)
			if ok != (want != 0) || ok && want != got.bit() {
				t.Fatalf("%q: %v %v, want %b", name, got, ok, want)
			}
		}
	})
}

func TestSets(t *testing.T) {
	t.Parallel()
	s := Of(Analytics, Essential, 15, 16, 200)
	require.Equal(t, []Category{Essential, Analytics, 15}, slices.Collect(s.All()))
	require.Equal(t, 3, s.Len())
	require.True(t, s.Has(15))
	require.False(t, s.Has(16))
	require.False(t, s.Has(Marketing))
	require.Equal(t, "category 15", Category(15).String())
	for c := range s.All() {
		require.Equal(t, Essential, c)
		break
	}
}

package redact

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is written in databases: a name that changes here is a name that old rows lose.
const classNamesEver = `secret credential password mfa oauth_secret access_token refresh_token payment card bank_account
	name email phone address contact national_id birth gender demographic origin politics religion sexual_orientation health
	genetic biometric criminal child location ip device cookie user_id pseudonym account preferences content public_content
	image behavior searches purchases finance work organization system operations`

func TestEveryClassKeepsItsNameAndComesBackFromIt(t *testing.T) {
	t.Parallel()
	var names []string
	for c := range Classes() {
		names = append(names, c.String())
		back, err := ParseClass(c.String())
		require.NoError(t, err)
		require.Equal(t, c, back)

		b, err := json.Marshal(map[Class]Class{c: c})
		require.NoError(t, err)
		var m map[Class]Class
		require.NoError(t, json.Unmarshal(b, &m))
		require.Equal(t, map[Class]Class{c: c}, m)

		v, err := c.Value()
		require.NoError(t, err)
		for _, col := range []any{v, []byte(c.String())} {
			var d Class
			require.NoError(t, d.Scan(col))
			require.Equal(t, c, d)
		}
	}
	require.Equal(t, strings.Fields(classNamesEver), names)
}

func TestANameThatIsNoClassIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Email", " email", "tenant"} {
		c := ClassEmail
		require.ErrorIs(t, c.UnmarshalText([]byte(name)), ErrClass, name)
		require.True(t, c.IsZero(), "a refused name leaves no class behind")
	}
	c := ClassEmail
	require.ErrorIs(t, c.Scan(7), ErrClass)
	require.True(t, c.IsZero())
	require.NoError(t, c.Scan(nil))
	v, err := c.Value()
	require.NoError(t, err)
	require.Nil(t, v)
}

func TestSupportMayNeverSeeWhatOpensDoorsOrMovesMoney(t *testing.T) {
	t.Parallel()
	never := map[string]bool{"secret": true, "credential": true, "password": true, "mfa": true, "oauth_secret": true,
		"access_token": true, "refresh_token": true, "payment": true, "card": true, "bank_account": true}
	for c := range Classes() {
		require.Equal(t, !never[c.String()], c.SupportMaySee(), c.String())
	}
	require.False(t, Class{}.SupportMaySee(), "nor what nobody has classified")
	for k := PrivateKey; k < lastKind; k++ {
		if k.secret() {
			require.False(t, k.Class().SupportMaySee(), k.String())
		}
	}
}

// The keys are those of fideslang's data categories.
func TestEveryClassMapsToADataCategoryOfFides(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, k := range strings.Fields(`system system.authentication system.operations user.account user.authorization.credentials
		user.behavior user.behavior.purchase_history user.behavior.search_history user.biometric user.childrens user.contact
		user.contact.address user.contact.email user.contact.organization user.contact.phone_number user.content.private
		user.content.public user.content.self_image user.credentials user.credentials.password user.criminal_history
		user.demographic user.demographic.date_of_birth user.demographic.gender user.demographic.political_opinion
		user.demographic.race_ethnicity user.demographic.religious_belief user.demographic.sexual_orientation user.device
		user.device.cookie user.device.ip_address user.financial user.financial.bank_account user.financial.credit_card
		user.government_id user.health_and_medical user.health_and_medical.genetic user.id user.id.pseudonymous user.location
		user.name user.payment user.privacy_preferences user.workplace`) {
		known[k] = true
	}
	for c := range Classes() {
		require.True(t, known[c.Fides()], "%s: %s", c, c.Fides())
	}
	require.Empty(t, Class{}.Fides())
}

func TestTheTagOfAFieldNamesItsClass(t *testing.T) {
	t.Parallel()
	type person struct {
		Plain  string
		Mail   string `privacy:"email"`
		Card   string `privacy:"card,last4"`
		Token  string `privacy:"token"` // a kind
		Key    string `privacy:"secret"`
		Never  string `privacy:"-"`
		Count  int    `privacy:"safe"`
		Faith  string `privacy:"religion"`
		Wrong  string `privacy:"emial"`
		Nobody string `privacy:""`
		Rule   string `privacy:"custom"`
	}
	want := []Class{{}, ClassEmail, ClassCard, ClassAccessToken, ClassSecret, ClassSecret, ClassOperations, ClassReligion}
	typ := reflect.TypeFor[person]()
	for i := range typ.NumField() {
		c, err := FieldClass(typ.Field(i))
		if i < len(want) {
			require.NoError(t, err)
			require.Equal(t, want[i], c, typ.Field(i).Name)
		} else {
			require.ErrorIs(t, err, ErrClass, typ.Field(i).Name)
		}
	}
}

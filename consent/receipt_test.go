package consent

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func TestAReceiptHasTheFieldsOfTheStandard(t *testing.T) {
	t.Parallel()
	p := shop(1, true, day1)
	p.Purposes[2].Data, p.Purposes[2].Recipients = []string{"pd:IPAddress"}, []string{"Counter Ltd"}
	b, _ := newLedger(t, func(c *Config) {
		c.Registry = registry(t, p)
		c.Controller = Controller{"Shop Ltd", "privacy@shop.test", "https://shop.test/privacy"}
		c.Place = func(*http.Request) Place { return PlaceOf("US-CA") }
	})
	b.user = "ann@shop.test"
	_, err := b.choose(Answer{Grant: Of(Analytics)})
	require.NoError(t, err)
	e := b.ledger()[0]
	require.Equal(t, "US-CA", e.Place)
	require.Contains(t, e.Regimes, "us-ca")
	out, err := b.m.Receipt(b.ctx(), e)
	require.NoError(t, err)
	var r struct {
		ID     string `json:"dct:identifier"`
		Record struct {
			ID         string         `json:"dct:identifier"`
			Schema     string         `json:"dct:conformsTo"`
			Subject    map[string]any `json:"dpv:hasDataSubject"`
			Controller map[string]any `json:"dpv:hasDataController"`
			Place      string         `json:"dpv:hasJurisdiction"`
			Laws       []string       `json:"dpv:hasApplicableLaw"`
			Notice     map[string]any `json:"dpv:hasNotice"`
			Processes  []struct {
				ID         string         `json:"dct:identifier"`
				Purpose    string         `json:"dpv:hasPurpose"`
				Data       []string       `json:"dpv:hasPersonalData"`
				Recipients []string       `json:"dpv:hasRecipient"`
				Status     map[string]any `json:"dpv:hasConsentStatus"`
				Until      string         `json:"dct:valid"`
			} `json:"dpv:hasProcess"`
		} `json:"dpv:hasRecordOfActivity"`
	}
	require.NoError(t, json.Unmarshal(out, &r))
	rec := r.Record
	require.Equal(t, e.Hash.String(), rec.ID)
	require.NotEqual(t, r.ID, rec.ID)
	require.True(t, strings.HasSuffix(rec.Subject["@id"].(string), e.Subject.String()))
	require.Equal(t, "Shop Ltd", rec.Controller["schema:name"])
	require.Equal(t, "loc:US-CA", rec.Place)
	require.NotEmpty(t, rec.Laws)
	require.Equal(t, e.Text.String(), rec.Notice["dct:identifier"])
	require.Equal(t, "en", rec.Notice["dct:language"])
	require.Len(t, rec.Processes, 4, "what is essential is not consented to")
	visits := rec.Processes[1]
	require.Equal(t, "visits", visits.ID)
	require.Equal(t, "Counting visits.", visits.Purpose)
	require.Equal(t, []string{"pd:IPAddress"}, visits.Data)
	require.Equal(t, []string{"Counter Ltd"}, visits.Recipients)
	require.Equal(t, "dpv:ConsentGiven", visits.Status["@type"])
	require.Equal(t, "2026-08-28T12:00:01Z", visits.Until)
	require.Equal(t, "dpv:ConsentRefused", rec.Processes[0].Status["@type"])
	require.NotContains(t, string(out), "ann")

	w, err := b.m.WithdrawFor(b.ctx(), "ann@shop.test")
	require.NoError(t, err)
	out, err = b.m.Receipt(b.ctx(), w)
	require.NoError(t, err)
	require.Equal(t, 4, strings.Count(string(out), "dpv:ConsentWithdrawn"))

	_, err = b.m.Receipt(tenancy.With(t.Context(), tenancy.MustParseID("other")), e)
	require.ErrorIs(t, err, ErrNotFound, "it is another tenant's")
	b.m.c.Controller = Controller{}
	_, err = b.m.Receipt(b.ctx(), e)
	require.Error(t, err)
}

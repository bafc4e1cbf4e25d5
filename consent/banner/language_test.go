package banner

import (
	"encoding/json"
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/stretchr/testify/require"
)

func TestTheLanguageIsTheOneThatIsAskedForMost(t *testing.T) {
	t.Parallel()
	langs := []string{"en", "de", "pt-BR", "zh-Hant"}
	for accept, want := range map[string]string{
		"":                               "en",
		"de":                             "de",
		"DE":                             "de",
		"de-CH-1996":                     "de",
		"fr;q=0.9, de;q=0.5":             "de",
		"de;q=0.5, pt;q=0.8":             "pt-BR",
		"pt-PT":                          "pt-BR",
		"zh-Hant-TW":                     "zh-Hant",
		"de, en":                         "de",
		"en;q=0.1,de;q=0.2":              "de",
		"de;q=0":                         "en",
		"de;q=2":                         "en",
		"de;q=NaN":                       "en",
		"de;q=-1":                        "en",
		"*":                              "en",
		" ,;q=,-, de ; q = 0.7 ":         "de",
		strings.Repeat("xx,", 40) + "de": "en",
		"\xff\xfe, de":                   "de",
	} {
		require.Equal(t, want, preferred(langs, accept), "%q", accept)
	}
}

func TestArabicAndHebrewAreWrittenFromTheRight(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{"ar": "rtl", "he-IL": "rtl", "AR-eg": "rtl", "fa": "rtl", "en": "ltr", "ja": "ltr", "arn": "ltr", "ar-Latn": "ltr"} {
		require.Equal(t, want, direction(lang), lang)
	}
}

func TestEveryLanguageHasAllTextsOfItsOwn(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(textFiles, "texts/*.json")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 12)
	require.Len(t, files, len(languages))
	english, _ := shipped("en")
	for _, lang := range languages {
		data, err := textFiles.ReadFile("texts/" + lang + ".json")
		require.NoError(t, err)
		dec := json.NewDecoder(strings.NewReader(string(data)))
		dec.DisallowUnknownFields()
		require.NoError(t, dec.Decode(&Texts{}), lang)
		got, err := textsOf(lang, nil)
		require.NoError(t, err)
		if lang == "en" {
			continue
		}
		a, b := reflect.ValueOf(english), reflect.ValueOf(got)
		for i := range a.NumField() {
			if text, ok := a.Field(i).Interface().(consent.Text); ok {
				require.NotEqual(t, text.Body, b.Field(i).Interface().(consent.Text).Body, "%s is English in %s", a.Type().Field(i).Name, lang)
				continue
			}
			require.NotEqual(t, a.Field(i).String(), b.Field(i).String(), "%s is English in %s", a.Type().Field(i).Name, lang)
		}
	}
}

func TestTextsAreReplacedOneByOne(t *testing.T) {
	t.Parallel()
	own := map[string]Texts{"de": {Title: "Kekse?", Analytics: consent.Text{Title: "Messen", Body: "Wir messen."}}}
	got, err := textsOf("de", own)
	require.NoError(t, err)
	require.Equal(t, "Kekse?", got.Title)
	require.Equal(t, "Messen", got.Analytics.Title)
	require.Equal(t, "Alle ablehnen", got.Reject)
	got, err = textsOf("pt-BR", nil)
	require.NoError(t, err)
	require.Equal(t, "Rejeitar tudo", got.Reject)
	_, err = textsOf("tlh", map[string]Texts{"tlh": {Title: "x"}})
	require.ErrorContains(t, err, `there is no text in "tlh" for Body`)
	_, err = textsOf("en", map[string]Texts{"en": {Marketing: consent.Text{Title: "only"}}})
	require.ErrorContains(t, err, "Marketing")
}

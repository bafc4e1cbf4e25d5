package word_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
)

func TestNamesAreTakenApart(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"created_by_user_id": "created by user id", "createdByUserID": "created by user id", "IDUser": "id user", "user1_id": "user 1 id",
		"HTTPServer": "http server", "Order line": "order line", "": "", "__x__": "x", "ÄrzteListe": "ärzte liste", "userIDs": "user ids",
	} {
		require.Equal(t, want, strings.Join(word.Split(name), " "), name)
	}
}

func TestPluralsAreTheSingularOfTheirWord(t *testing.T) {
	t.Parallel()
	for plural, want := range map[string]string{"users": "user", "companies": "company", "addresses": "address", "statuses": "status", "people": "person",
		"boxes": "box", "branches": "branch", "responses": "response", "employees": "employee", "news": "news", "bus": "bus", "class": "class", "analysis": "analysis", "ids": "id"} {
		require.Equal(t, want, word.Singular(plural))
		require.Equal(t, want, word.Singular(want), "a singular stays")
	}
}

func TestAWordWithoutBoundariesIsCutByTheVocabulary(t *testing.T) {
	t.Parallel()
	known := func(w string) bool { return strings.Contains(" user id from created by ", " "+w+" ") }
	require.Equal(t, []string{"user", "id", "from"}, word.Segment("useridfrom", known))
	require.Equal(t, []string{"created", "by"}, word.Segment("createdby", known))
	require.Nil(t, word.Segment("grid", known))
}

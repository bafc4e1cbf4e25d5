package supportgrant

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAStructReadsTheColumnsItHasFieldsFor(t *testing.T) {
	t.Parallel()
	r := &Resource{Columns: []string{"id", "title", "created_at", "user_id", "profile.city", "http_url"}, Key: []string{"id"}}
	type Base struct{ ID int64 }
	type good struct {
		Base
		CreatedAt time.Time
		UserID    *string
		HTTPURL   string `db:"http_url"`
		City      string `db:"profile.city" privacy:"address"`
		Skipped   int    `db:"-"`
		private   int
	}
	_ = good{}.private
	s, err := shapeOf[good](r)
	require.NoError(t, err)
	require.Equal(t, []string{"id", "created_at", "user_id", "http_url", "profile.city"}, s.columns)
	s, err = shapeOf[Row](r)
	require.NoError(t, err)
	require.Equal(t, r.Columns, s.columns)

	refuse := func(_ *shape, err error) { t.Helper(); require.ErrorIs(t, err, ErrInvalid) }
	refuse(shapeOf[struct{ PasswordHash string }](r))
	refuse(shapeOf[struct {
		A string `db:"title"`
		B string `db:"title"`
	}](r))
	refuse(shapeOf[struct {
		Title string `privacy:"password"`
	}](r))
	refuse(shapeOf[struct {
		Title string `privacy:"no such class"`
	}](r))
	refuse(shapeOf[struct {
		Title string `db:"title, http_url"`
	}](r))
	refuse(shapeOf[struct{ *Base }](r))
	refuse(shapeOf[struct{ Title sql.RawBytes }](r))
	refuse(shapeOf[struct{}](r))
	refuse(shapeOf[map[string]any](r))
	refuse(shapeOf[string](r))
	refuse(shapeOf[any](r))
}

func TestNamesOfFieldsAreNamesOfColumns(t *testing.T) {
	t.Parallel()
	for field, column := range map[string]string{"ID": "id", "Title": "title", "CreatedAt": "created_at", "UserID": "user_id", "HTTPServer": "http_server", "A": "a", "AB": "ab", "OAuthURL": "o_auth_url"} {
		require.Equal(t, column, snake(field))
	}
}

func TestColumnsAreThoseThatTagsSaySupportMaySee(t *testing.T) {
	t.Parallel()
	type Base struct {
		ID int64 `privacy:"safe"`
	}
	type user struct {
		Base
		Name     string `privacy:"name"`
		Mail     string `db:"email_address" privacy:"email,mask"`
		Password string `privacy:"password"`
		APIToken string `privacy:"access_token"`
		Card     string `privacy:"card"`
		Secret   string `privacy:"-"`
		Newer    string // whose tag somebody forgot
		Skipped  string `db:"-" privacy:"name"`
	}
	require.Equal(t, []string{"id", "name", "email_address"}, ColumnsOf[user]())
	require.Panics(t, func() { ColumnsOf[string]() })
	require.Panics(t, func() {
		ColumnsOf[struct {
			Name string `privacy:"naem"`
		}]()
	})
}

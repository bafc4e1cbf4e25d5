package vault

import (
	"fmt"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/stretchr/testify/require"
)

type customer struct {
	ID          string
	Owner       audit.Subject
	Email       string `vault:"customers.email,id=ID,into=EmailSealed,subject=user:ID,index=EmailIndex"`
	EmailSealed Sealed
	EmailIndex  []byte
	Note        []byte `vault:"customers.note,id=ID,into=NoteSealed,subject=Owner"`
	NoteSealed  Sealed
}

func TestTaggedFieldsOfRowsAreSealedAndOpened(t *testing.T) {
	t.Parallel()
	ctx, keeper, store := as(t, "alpha"), newKeeper(t), &counting{Store: NewMemory()}
	v := open(t, store, keeper, Options{})
	rows := make([]customer, 30)
	for i := range rows {
		rows[i] = customer{ID: fmt.Sprint(i), Owner: "user:9", Email: fmt.Sprintf("%d@example.com", i), Note: []byte("a note")}
		if i == 4 {
			rows[i].Note = nil
		}
		require.NoError(t, v.SealRow(ctx, &rows[i]))
		f, err := v.Field(ctx, "customers.email")
		require.NoError(t, err)
		token, err := f.Token(ctx, rows[i].Email)
		require.NoError(t, err)
		require.Equal(t, token[:], rows[i].EmailIndex)
		rows[i].Email, rows[i].Note = "", nil
	}
	require.Nil(t, rows[4].NoteSealed)
	cold := open(t, store, keeper, Options{})
	store.keys.Store(0)
	require.NoError(t, cold.OpenRows(ctx, rows, nil))
	require.EqualValues(t, 2, store.keys.Load(), "one question a field")
	for i, r := range rows {
		require.Equal(t, fmt.Sprintf("%d@example.com", i), r.Email)
		require.Equal(t, i != 4, string(r.Note) == "a note")
	}
	one := rows[3]
	one.Email = ""
	require.NoError(t, cold.OpenRow(ctx, &one))
	require.Equal(t, "3@example.com", one.Email)
	one.ID = "5"
	require.ErrorIs(t, cold.OpenRow(ctx, &one), ErrNotAuthentic)

	_, err := cold.Shred(ctx, Shredding{Subject: "user:7", Basis: "GDPR Art. 17"})
	require.NoError(t, err)
	require.ErrorIs(t, cold.OpenRows(ctx, rows, nil), ErrShredded)
	var lost []string
	pointers := []*customer{&rows[6], &rows[7]}
	require.NoError(t, cold.OpenRows(ctx, pointers, func(row int, field string) { lost = append(lost, fmt.Sprint(row, " ", field)) }))
	require.Equal(t, []string{"1 Email"}, lost)
	require.Empty(t, rows[7].Email)
	require.NotEmpty(t, rows[7].Note)
}

func TestTagsThatCannotBeFollowedAreRefused(t *testing.T) {
	t.Parallel()
	ctx := as(t, "alpha")
	v := open(t, NewMemory(), newKeeper(t), Options{})
	for _, row := range []any{
		customer{}, (*customer)(nil), new(int), &struct{ A string }{},
		&struct {
			A  string `vault:"p,id=ID"`
			ID string
		}{},
		&struct {
			A string `vault:"p,into=S"`
			S Sealed
		}{},
		&struct {
			A  string `vault:",id=ID,into=S"`
			ID string
			S  Sealed
		}{},
		&struct {
			A  int `vault:"p,id=ID,into=S"`
			ID string
			S  Sealed
		}{},
		&struct {
			A  string `vault:"p,id=ID,into=S"`
			ID string
			S  []byte
		}{},
		&struct {
			A  string `vault:"p,id=ID,into=S,subject=ID"`
			ID string
			S  Sealed
		}{},
		&struct {
			A  string `vault:"p,id=ID,into=S,subjct=ID"`
			ID string
			S  Sealed
		}{},
		&struct {
			A  string `vault:"p,id=None,into=S"`
			ID string
			S  Sealed
		}{},
	} {
		require.ErrorIs(t, v.SealRow(ctx, row), ErrRow, "%T", row)
		require.ErrorIs(t, v.OpenRow(ctx, row), ErrRow, "%T", row)
	}
	require.ErrorIs(t, v.OpenRows(ctx, 5, nil), ErrRow)
	require.ErrorIs(t, v.OpenRows(ctx, []*customer{{ID: "1"}, nil}, nil), ErrRow)
	require.ErrorIs(t, v.SealRow(ctx, &struct{ *customer }{}), ErrRow)
	nobody := customer{ID: "1", Note: []byte("x")}
	require.ErrorIs(t, v.SealRow(ctx, &nobody), ErrRow, "a person's value without the person is not sealed as nobody's")
}

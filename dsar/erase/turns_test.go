package erase_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
)

// Tables that do not wait for each other have their turns side by side: each waits until the other is there. (SET NULL: it is not tried
// to let all rows cascade, which asks for holds one after the other.)
func TestTablesThatDoNotWaitForEachOtherHaveTheirTurnsSideBySide(t *testing.T) {
	t.Parallel()
	body := text("body text", dsar.Null)
	a := onPostgres(t, usersDDL+`CREATE TABLE file (id {id}, user_id bigint REFERENCES users (id) ON DELETE SET NULL, body text); CREATE TABLE note (id {id}, user_id bigint REFERENCES users (id), body text);`)
	ctx, cancel := context.WithTimeout(a.newTenant(t), time.Minute)
	defer cancel()
	a.exec(t, ctx, twoUsers, `INSERT INTO file (id, user_id) VALUES (1, 1), (2, 2)`, `INSERT INTO note (id, user_id) VALUES (1, 1), (2, 2)`)
	here := map[string]chan struct{}{"file": make(chan struct{}), "note": make(chan struct{})}
	e := a.eraser(t, mapOf(users(), owned("file", body), owned("note", body)), erase.Options{Held: func(ctx context.Context, _ dsar.Person, table string) error {
		other := here[map[string]string{"file": "note", "note": "file"}[table]]
		if mine := here[table]; mine != nil {
			select {
			case <-mine: // a later look
			default:
				close(mine)
			}
			select {
			case <-other:
			case <-ctx.Done():
				return fmt.Errorf("%s waits for the other: %w", table, ctx.Err())
			}
		}
		return nil
	}})
	require.Equal(t, []string{"file delete 1", "note delete 1", "users delete 1"}, a.erased(t, ctx, e, person(1)))
}

package tables

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Answering runs f by run, [Tables.Write] or [Tables.Read] of a ctx. An error of f that is an answer is returned and undoes nothing; any other does.
func Answering(run func(tenantdb.Func) error, isAnswer func(error) bool, f tenantdb.Func) error {
	var answer error
	err := run(func(ctx context.Context, tx *sqlx.Tx) error {
		answer = nil
		err := f(ctx, tx)
		if err != nil && isAnswer(err) {
			answer, err = err, nil
		}
		return err
	})
	if err == nil {
		err = answer
	}
	return err
}

package redact_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/bailiwick-dev/bailiwick/redact"
)

func TestARedactedErrorShowsItsTextOnlyAndIsStillTheError(t *testing.T) {
	t.Parallel()
	in := fmt.Errorf("for %s: %w", plantedMail, &fs.PathError{Op: "open", Path: plantedMail, Err: fs.ErrNotExist})
	err := Default().Error(in)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%T", "%t"} {
		noneOf(t, fmt.Sprintf(verb, err))
		noneOf(t, fmt.Sprintf(verb, struct{ E error }{err}))
	}
	noneOf(t, dump(err))
	require.Equal(t, err.Error(), fmt.Sprintf("%d", err))
	require.Equal(t, strconv.Quote(err.Error()), fmt.Sprintf("%q", err))
	require.EqualError(t, err, "for [redacted:email]: open [redacted:email]: file does not exist")
	require.ErrorIs(t, err, fs.ErrNotExist)
	var path *fs.PathError
	require.ErrorAs(t, err, &path)
	require.ErrorIs(t, fmt.Errorf("more: %w", err), in)
	require.NoError(t, errors.Unwrap(err))
	b, merr := json.Marshal(map[string]any{"err": err})
	require.NoError(t, merr)
	require.JSONEq(t, `{"err":"for [redacted:email]: open [redacted:email]: file does not exist"}`, string(b))

	require.Same(t, err, Default().Error(err))
	require.NoError(t, Default().Error(nil))
	require.EqualError(t, Default().Error(&panickyError{plantedMail}), "[redacted:unreadable]")
	plain := errors.New("timeout")
	require.Same(t, plain, Default().Error(plain))
}

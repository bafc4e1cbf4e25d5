package redact

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheValueOfAKeyThatNamesASecretIsReplacedInEverySyntax(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`password=hunter2`:                                    `password=[redacted:credential]`,
		`{"password":"hunter2","a":1}`:                        `{"password":"[redacted:credential]","a":1}`,
		`{"pin":1234}`:                                        `{"pin":"[redacted:credential]"}`,
		`"{\"client_secret\":\"ab\\\"c\"}"`:                   `"{\"client_secret\":\"[redacted:credential]\"}"`,
		`{Name:bob Password:hunter2}`:                         `{Name:bob Password:[redacted:credential]}`,
		`<password>hunter2</password>`:                        `<password>[redacted:credential]</password>`,
		`password%3Dhunter2&x=1`:                              `password%3D[redacted:credential]&x=1`,
		`db_password: 'it is long'`:                           `db_password: '[redacted:credential]'`,
		`postgres://u:p@ss@h/db`:                              `postgres://[redacted:userinfo]@h/db`,
		`sessionid = 0x` + `14f05578bd80006, ok`:              `sessionid = 0x14f05578bd80006, ok`,
		`monkey=banana author=me next_page_token=abc`:         `monkey=banana author=me next_page_token=abc`,
		`password=${PASSWORD} password=[redacted:credential]`: `password=${PASSWORD} password=[redacted:credential]`,
	} {
		require.Equal(t, want, Default().String(in))
		require.Equal(t, want, string(Default().Append(nil, []byte(in))))
		require.Equal(t, want, Default().String(want), "once more")
	}
}

func TestCleanTextIsReturnedWithoutAllocating(t *testing.T) {
	s := `{"time":"2026-03-01T09:00:00Z","level":"INFO","msg":"request completed","request_id":"52fdfc07-2182-4541-a63f-5566c10182af"}`
	buf, src := make([]byte, 0, 1024), []byte(s)
	r := Default()
	require.Equal(t, s, r.String(s))
	require.Zero(t, testing.AllocsPerRun(100, func() { r.String(s) }))
	require.Zero(t, testing.AllocsPerRun(100, func() { buf = r.Append(buf[:0], src) }))
}

package redact

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestASecretIsFoundBehindEveryWordThatAnnouncesOne(t *testing.T) {
	t.Parallel()
	for w, how := range spokenWords {
		if how != speechScheme && how != speechBasic {
			continue
		}
		require.Equal(t, "sent "+w+" [redacted:credential] to it", Default().String("sent "+w+" "+"q7Zx2mPw9vKd4Rty to it"), w)
		require.Equal(t, "x%20"+w+"%20[redacted:credential]&y", Default().String("x%20"+w+"%20"+"q7Zx2mPw9vKd4Rty&y"), w)
	}
	require.Equal(t, "the 289ms q7Zx2mPw9vKd4Rty", Default().String("the 289ms q7Zx2mPw9vKd4Rty"))
}

package vault

import "context"

// Token returns what to keep beside a sealed value to find it again: a blind index. Equal values of one tenant and
// purpose have equal tokens, of 16 bytes, and others do not. Bring value into one form first (lower case, NFC, no
// spaces): tokens know of no similarity.
//
// Who sees the column learns which rows are equal and how often, and, who can also ask for tokens, tests guesses: an index
// over what has few values, such as a birthday, hides little.
func (f *Field) Token(ctx context.Context, value string) ([16]byte, error) {
	var out [16]byte
	if err := f.check(ctx, "-", ""); err != nil {
		return out, err
	}
	r, err := f.ring(ctx)
	if err != nil {
		return out, err
	}
	sum, err := r.index(ctx, "token/"+f.purpose, value)
	copy(out[:], sum)
	return out, err
}

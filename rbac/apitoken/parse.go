package apitoken

import (
	"errors"
	"hash/crc32"
	"unsafe"
)

// ErrMalformed is returned for everything that is not a token of the form asked for. It says nothing of what came instead.
var ErrMalformed = errors.New("apitoken: malformed token")

// Parse returns the ID of a token of this form, or [ErrMalformed]. It checks length, prefix, characters and checksum, so that
// what somebody made up or mistyped is refused before anything is looked up: no one changed character passes, and of other
// mistakes one in 2^32. A token that was made up with its checksum passes: the checksum is no secret, and [Form.Match]
// decides. Parse allocates nothing.
func (f Form) Parse(raw string) (ID, error) {
	n := len(f.prefix)
	if n == 0 || len(raw) != n+bodyLen || raw[:n] != f.prefix {
		return ID{}, ErrMalformed
	}
	// The checksum first: it is what junk of the right length fails, and faster than to look at each character.
	body, sum := raw[:len(raw)-sumLen], raw[len(raw)-sumLen:]
	var said uint64
	for i := range len(sum) {
		said = said*uint64(len(alphabet)) + uint64(digit[sum[i]])
	}
	var bad byte
	if said == uint64(checksum(body)) {
		for _, c := range (*[bodyLen]byte)(unsafeBytes(raw[n:])) {
			bad |= digit[c]
		}
		if bad&noDigit == 0 {
			return ID(unsafeBytes(raw[n : n+idLen])), nil
		}
	}
	return ID{}, ErrMalformed
}

// checksum is the CRC-32 of IEEE 802.3 over everything before it, the prefix included.
func checksum(body string) uint32 { return crc32.ChecksumIEEE(unsafeBytes(body)) }

// appendChecksum writes it in digits, the first of them counting most.
func appendChecksum(dst []byte, sum uint32) []byte {
	var text [sumLen]byte
	for i := sumLen - 1; i >= 0; i-- {
		text[i] = alphabet[sum%uint32(len(alphabet))]
		sum /= uint32(len(alphabet))
	}
	return append(dst, text[:]...)
}

// unsafeBytes returns the bytes of s itself, to be read and not kept. A conversion would copy them to the heap, for package
// crc32 calls what computes through a variable.
func unsafeBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// digit is the place of a character in the alphabet.
var digit = func() (t [256]byte) {
	for i := range t {
		t[i] = noDigit
	}
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	return t
}()

const noDigit = 0x80

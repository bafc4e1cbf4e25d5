package redact

// ipAt looks for an IP or MAC address that begins at src[i]: the first byte of a maximal word of [A-Za-z0-9] that is
// followed by '.', ':' or '-', or the first of two colons that no word comes before. It reads at most 64 bytes.
func ipAt(src []byte, i int, on *[lastKind]bool) (s, e int, kind Kind, rule string, ok bool) {
	return 0, 0, 0, "", false
}

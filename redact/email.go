package redact

// emailAt looks for the e-mail address around the sign at src[i], which is "@" or one of its disguises: "%40", `\u0040`,
// "&#64;", "&#x40;". It reads at most 64 bytes back and 255 forward.
func emailAt(src []byte, i int) (s, e int, rule string, ok bool) {
	return 0, 0, "", false
}

package wire

import "unicode/utf8"

// utf8Checker checks a text that comes in pieces. It fails at the first byte
// that no valid text could continue with (RFC 6455 section 8.1), so a bad
// message is refused before it is complete.
type utf8Checker struct {
	tail [utf8.UTFMax]byte // the start of a character whose end is to come
	n    uint8
}

// feed takes the next piece; false means the text is invalid.
func (u *utf8Checker) feed(p []byte) bool {
	for u.n > 0 && len(p) > 0 {
		u.tail[u.n] = p[0]
		u.n++
		p = p[1:]
		if !utf8.FullRune(u.tail[:u.n]) {
			continue // so far it could become a character
		}
		if r, size := utf8.DecodeRune(u.tail[:u.n]); r == utf8.RuneError && size == 1 {
			return false
		}
		u.n = 0
	}
	cut := len(p)
	for i := len(p) - 1; i >= 0 && i >= len(p)-utf8.UTFMax+1; i-- {
		if utf8.RuneStart(p[i]) {
			if !utf8.FullRune(p[i:]) {
				cut = i
			}
			break
		}
	}
	if !utf8.Valid(p[:cut]) {
		return false
	}
	if cut < len(p) {
		u.n = uint8(copy(u.tail[:], p[cut:]))
	}
	return true
}

// done reports whether the text may end here, and forgets it.
func (u *utf8Checker) done() bool {
	whole := u.n == 0
	u.n = 0
	return whole
}

package app

import "strings"

// Order keys sort siblings as text. Between any two keys there is another, so moving one item
// writes one row. Keys are digits of base 62 in ASCII order and never end in the lowest digit.
const orderDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// orderBetween returns a key after lo and before hi; "" stands for the open end.
// lo must sort before hi when both are given.
func orderBetween(lo, hi string) string {
	var key strings.Builder
	for i := 0; ; i++ {
		l := 0
		if i < len(lo) {
			l = strings.IndexByte(orderDigits, lo[i])
		}
		h := len(orderDigits)
		if i < len(hi) {
			h = strings.IndexByte(orderDigits, hi[i])
		}
		if l == h {
			key.WriteByte(orderDigits[l])
			continue
		}
		if h-l > 1 {
			key.WriteByte(orderDigits[middle(l, h, lo == "", hi == "")])
			return key.String()
		}
		// Neighbouring digits: keep the low one, and from here on only lo bounds.
		key.WriteByte(orderDigits[l])
		hi = ""
	}
}

// middle favours short keys for the common case of adding at the end or the start, where it
// takes a small step instead of halving what is left.
func middle(l, h int, openLow, openHigh bool) int {
	switch {
	case openHigh && !openLow:
		return l + 1
	case openLow && !openHigh:
		return h - 1
	}
	return (l + h) / 2
}

// orderRun returns n keys in order between lo and hi.
func orderRun(lo, hi string, n int) []string {
	keys := make([]string, n)
	for i := range keys {
		lo = orderBetween(lo, hi)
		keys[i] = lo
	}
	return keys
}

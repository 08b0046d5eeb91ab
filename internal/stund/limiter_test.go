package stund

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
	"unsafe"
)

func TestLimiter(t *testing.T) {
	a := netip.MustParseAddr
	for _, c := range []struct {
		name   string
		source func(i int) netip.Addr
		want   int // of 1,000 answers at once
	}{
		{"one address", func(int) netip.Addr { return from4.Addr() }, burst},
		{"the same in IPv6's clothes", func(i int) netip.Addr {
			if i%2 == 0 {
				return netip.AddrFrom16(from4.Addr().As16())
			}
			return from4.Addr()
		}, burst},
		{"a network of IPv6", func(i int) netip.Addr {
			b := a("2001:db8::").As16()
			binary.BigEndian.PutUint64(b[8:], uint64(i))
			return netip.AddrFrom16(b)
		}, burst},
		{"zones", func(i int) netip.Addr { return a("fe80::1").WithZone(string(rune('a' + i%26))) }, burst},
	} {
		l, got := newLimiter(), 0
		for i := range 1000 {
			if l.allow(c.source(i), time.Hour) {
				got++
			}
		}
		if got != c.want {
			t.Errorf("%s: %d answers, want %d", c.name, got, c.want)
		}
		if l.allow(c.source(0), time.Hour+perSource/2) || !l.allow(c.source(0), time.Hour+perSource) || l.allow(c.source(0), time.Hour+perSource) {
			t.Errorf("%s: what is earned is not one answer in %v", c.name, perSource)
		}
	}
}

// TestLimiterIsBounded: a million sources cost what one does, and one more of them gets its answer.
func TestLimiterIsBounded(t *testing.T) {
	l := newLimiter()
	refused := 0
	for i := range 1_000_000 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(i)+1<<24)
		if !l.allow(netip.AddrFrom4(b), time.Duration(i)*10*time.Microsecond) { // ten seconds of 100,000 a second
			refused++
		}
	}
	if refused > 0 || unsafe.Sizeof(*l) > 256<<10 {
		t.Errorf("%d refused, %d bytes", refused, unsafe.Sizeof(*l))
	}
}

package stund

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"testing"

	"github.com/pion/stun/v3"
)

var (
	from4 = netip.MustParseAddrPort("192.0.2.1:32853")
	from6 = netip.MustParseAddrPort("[2001:db8:1234:5678:11:2233:4455:6677]:32853")
	id    = [stun.TransactionIDSize]byte{0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae}
)

// request is a Binding request with attributes.
func request(setters ...stun.Setter) []byte {
	return stun.MustBuild(append([]stun.Setter{stun.BindingRequest, stun.NewTransactionIDSetter(id)}, setters...)...).Raw
}

// attribute is any one, with a value.
func attribute(t stun.AttrType, value ...byte) stun.Setter {
	return stun.RawAttribute{Type: t, Value: value, Length: uint16(len(value))}
}

// edited is a request with some bytes changed.
func edited(edit func(b []byte) []byte, setters ...stun.Setter) []byte {
	return edit(slices.Clone(request(setters...)))
}

func typed(t uint16) []byte {
	return edited(func(b []byte) []byte { binary.BigEndian.PutUint16(b, t); return b })
}

func TestAnswers(t *testing.T) {
	many := make([]stun.Setter, 40)
	for i := range many {
		many[i] = attribute(stun.AttrType(0x4000 + i))
	}
	for _, c := range []struct {
		name     string
		datagram []byte
		from     netip.AddrPort
		want     verdict
		unknown  int // attributes that the error names
	}{
		{"a bare request", request(), from4, answered, 0},
		{"from IPv6", request(), from6, answered, 0},
		{"from IPv4 in IPv6", request(), netip.AddrPortFrom(netip.AddrFrom16(from4.Addr().As16()), from4.Port()), answered, 0},
		{"from a link", request(), netip.MustParseAddrPort("[fe80::1%eth0]:1"), answered, 0},
		{"with a fingerprint", request(stun.Fingerprint), from4, answered, 0},
		{"with software", request(stun.NewSoftware("test vector"), stun.Fingerprint), from4, answered, 0},
		{"with credentials that we do not know", request(stun.NewUsername("a:b"), stun.NewShortTermIntegrity("x"), stun.Fingerprint), from4, answered, 0},
		{"with optional attributes that nobody knows", request(attribute(0x8abc, 1, 2, 3), attribute(0xffff)), from4, answered, 0},
		{"with an address of zero length", request(attribute(stun.AttrXORMappedAddress)), from4, answered, 0},
		{"with an address of another family", request(attribute(stun.AttrXORMappedAddress, 0, 99, 0, 0, 1)), from4, answered, 0},

		{"that asks to change the source (RFC 5780)", request(attribute(stun.AttrChangeRequest, 0, 0, 0, 6)), from4, refused, 1},
		{"that asks for another port (RFC 5780)", request(attribute(stun.AttrResponsePort, 0, 53, 0, 0)), from4, refused, 1},
		{"of ICE", request(attribute(stun.AttrPriority, 0, 0, 0, 1), attribute(stun.AttrUseCandidate)), from4, refused, 2},
		{"with forty attributes that we would have to know", request(many...), from4, refused, maxUnknown},

		{"nothing", nil, from4, notSTUN, 0},
		{"a header cut off", request()[:19], from4, notSTUN, 0},
		{"DNS", append([]byte{0x12, 0x34, 1, 0, 0, 1}, make([]byte, 22)...), from4, notSTUN, 0},
		{"RTP", append([]byte{0x80, 0x60}, make([]byte, 30)...), from4, notSTUN, 0},
		{"RFC 3489, without the cookie", edited(func(b []byte) []byte { b[4] = 0; return b }), from4, notSTUN, 0},
		{"the two top bits", typed(0xC001), from4, notSTUN, 0},
		{"longer than it says", append(request(), 0, 0, 0, 0), from4, notSTUN, 0},
		{"shorter than it says", edited(func(b []byte) []byte { b[3] = 8; return b }), from4, notSTUN, 0},
		{"an odd length", edited(func(b []byte) []byte { b[3] = 3; return append(b, 1, 2, 3) }), from4, notSTUN, 0},
		{"an attribute that leaves the message", edited(func(b []byte) []byte { b[23] = 200; return b }, attribute(0x8abc, 1, 2, 3, 4)), from4, notSTUN, 0},
		{"a wrong fingerprint", edited(func(b []byte) []byte { b[len(b)-1]++; return b }, stun.Fingerprint), from4, notSTUN, 0},
		{"a short fingerprint", request(attribute(stun.AttrFingerprint, 1, 2)), from4, notSTUN, 0},
		{"a fingerprint in the middle", request(stun.Fingerprint, stun.NewSoftware("x")), from4, notSTUN, 0},

		{"an answer", typed(0x0101), from4, notRequest, 0},
		{"an error", typed(0x0111), from4, notRequest, 0},
		{"an indication", typed(0x0011), from4, notRequest, 0},
		{"Allocate of TURN", typed(0x0003), from4, notRequest, 0},
		{"a shared secret", typed(0x0002), from4, notRequest, 0},
		{"type 0", typed(0), from4, notRequest, 0},
		{"from port 0", request(), netip.AddrPortFrom(from4.Addr(), 0), notRequest, 0},
		{"from nowhere", request(), netip.MustParseAddrPort("0.0.0.0:9"), notRequest, 0},
		{"from everybody", request(), netip.MustParseAddrPort("255.255.255.255:9"), notRequest, 0},
		{"from a group", request(), netip.MustParseAddrPort("[ff02::1]:9"), notRequest, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r responder
			for range 2 { // the second time everything is used again
				reply, got := r.answer(c.datagram, c.from)
				if got != c.want || (reply != nil) != (got == answered || got == refused) {
					t.Fatalf("%s, %d bytes; want %s", verdictNames[got], len(reply), verdictNames[c.want])
				}
				if reply != nil {
					checkReply(t, reply, c.from, c.unknown)
				}
			}
		})
	}
}

// checkReply reads an answer as a client does.
func checkReply(t *testing.T, reply []byte, from netip.AddrPort, unknown int) {
	t.Helper()
	m := &stun.Message{Raw: bytes.Clone(reply)}
	if err := m.Decode(); err != nil || m.TransactionID != id || int(m.Length) != len(reply)-headerBytes || len(reply) > MaxAnswer {
		t.Fatalf("%v, %d bytes, %v", err, len(reply), m)
	}
	if err := stun.Fingerprint.Check(m); err != nil {
		t.Error(err)
	}
	if unknown > 0 {
		var code stun.ErrorCodeAttribute
		var list stun.UnknownAttributes
		if m.Type != stun.BindingError || code.GetFrom(m) != nil || code.Code != stun.CodeUnknownAttribute || list.GetFrom(m) != nil || len(list) != unknown {
			t.Errorf("%v %v %v", m, code, list)
		}
		return
	}
	var a stun.XORMappedAddress
	if err := a.GetFrom(m); err != nil || m.Type != stun.BindingSuccess {
		t.Fatal(m, err)
	}
	ip, _ := netip.AddrFromSlice(a.IP)
	if ip.Unmap() != from.Addr().Unmap().WithZone("") || a.Port != int(from.Port()) {
		t.Errorf("%v, want %v", a, from)
	}
}

// TestVectors: the request and the address of RFC 5769, sections 2.1 to 2.3, byte by byte.
func TestVectors(t *testing.T) {
	head := "2112a442" + "b7e7a701bc34d686fa87dfae"
	for _, c := range []struct {
		from netip.AddrPort
		want string // up to the fingerprint
	}{
		{from4, "01010014" + head + "00200008" + "0001a147e112a643"},
		{from6, "01010020" + head + "00200014" + "0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"},
	} {
		var r responder
		reply, _ := r.answer(request(), c.from)
		if got := hex.EncodeToString(reply[:len(reply)-8]); got != c.want {
			t.Errorf("%v:\n%s, want\n%s", c.from, got, c.want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, b := range [][]byte{request(), request(stun.Fingerprint), request(attribute(stun.AttrChangeRequest, 0, 0, 0, 6)),
		request(stun.NewUsername("a:b"), stun.NewShortTermIntegrity("x"), stun.Fingerprint), typed(0x0101), {0, 1, 0, 0}} {
		f.Add(b)
	}
	var r responder
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		reply, what := r.answer(b, from6)
		if !bytes.Equal(b, before) {
			t.Error("the datagram was changed")
		}
		if len(reply) > MaxAnswer || len(reply) > 52 && what == answered || len(reply) > 0 && len(b) < headerBytes {
			t.Errorf("%d bytes for %d", len(reply), len(b))
		}
		if len(reply) == 0 {
			return
		}
		if b[0] != 0 || b[1] != 1 || !bytes.Equal(reply[4:headerBytes], b[4:headerBytes]) {
			t.Errorf("% x answers % x", reply, b)
		}
		if again, _ := new(responder).answer(reply, from4); again != nil {
			t.Error("answers its own answers")
		}
	})
}

func BenchmarkAnswer(b *testing.B) {
	var r responder
	in := request(stun.Fingerprint)
	b.ReportAllocs()
	for b.Loop() {
		if reply, _ := r.answer(in, from4); reply == nil {
			b.Fatal("no answer")
		}
	}
}

package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// raw makes a client frame with a chosen first byte, masked.
func raw(first byte, payload []byte) []byte {
	n := len(payload)
	b := []byte{first}
	switch {
	case n <= 125:
		b = append(b, 0x80|byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{0x37, 0xfa, 0x21, byte(n)}
	b = append(b, mask[:]...)
	masked := bytes.Clone(payload)
	ws.Cipher(masked, mask, 0)
	return append(b, masked...)
}

const fin = 0x80

func txt(s string) []byte        { return raw(fin|1, []byte(s)) }
func bin(s string) []byte        { return raw(fin|2, []byte(s)) }
func ping(s string) []byte       { return raw(fin|9, []byte(s)) }
func pong(s string) []byte       { return raw(fin|10, []byte(s)) }
func cont(s string) []byte       { return raw(0, []byte(s)) }
func last(s string) []byte       { return raw(fin, []byte(s)) }
func firstTxt(s string) []byte   { return raw(1, []byte(s)) }
func firstBin(s string) []byte   { return raw(2, []byte(s)) }
func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func closing(code int, reason string) []byte {
	return raw(fin|8, append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...))
}

// unfinished cuts the last n bytes off a frame.
func unfinished(b []byte, n int) []byte { return b[:len(b)-n] }

// announce is a frame header that announces a length in a chosen encoding.
func announce(first, len7 byte, ext ...byte) []byte {
	return append(append([]byte{first, 0x80 | len7}, ext...), 1, 2, 3, 4)
}

func u16(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }
func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// describe is an event in one line.
func describe(m Message) string {
	p := string(m.Payload)
	if len(p) > 40 {
		p = fmt.Sprintf("%s...(%d)", p[:8], len(p))
	}
	switch m.Kind {
	case Text:
		return "text " + p
	case Binary:
		return "bin " + p
	case Ping:
		return "ping " + p
	case Pong:
		return "pong " + p
	case Close:
		return fmt.Sprintf("close %d %s", m.Code, p)
	}
	return fmt.Sprintf("kind %d", m.Kind)
}

// feedAll feeds chunks to r and lists what comes out.
func feedAll(r *Reader, chunks ...[]byte) (events []string, err error) {
	for _, p := range chunks {
		for len(p) > 0 {
			var m Message
			if m, p, err = r.Feed(p); err != nil {
				return events, err
			}
			if m.Kind != None {
				events = append(events, describe(m))
			}
		}
	}
	return events, nil
}

// ways of cutting the same bytes.
func cuttings(in []byte) map[string][][]byte {
	ways := map[string][][]byte{"whole": {bytes.Clone(in)}}
	var single [][]byte
	for _, b := range in {
		single = append(single, []byte{b})
	}
	ways["byte by byte"] = single
	step := max(1, len(in)/400) // every position of all but the biggest
	for i := 1; i < len(in); i += step {
		c := bytes.Clone(in)
		ways[fmt.Sprintf("cut at %d", i)] = [][]byte{c[:i:i], c[i:]}
	}
	return ways
}

func TestReader(t *testing.T) {
	cases := readerCases()
	if len(cases) < 150 {
		t.Errorf("%d cases, want at least 150", len(cases))
	}
	names := map[string]bool{}
	for _, tc := range cases {
		if names[tc.name] {
			t.Errorf("case %q twice", tc.name)
		}
		names[tc.name] = true
		t.Run(tc.name, func(t *testing.T) {
			for how, chunks := range cuttings(tc.in) {
				events, err := feedAll(NewReader(tc.limits), chunks...)
				if got := strings.Join(events, "|"); got != tc.want {
					t.Fatalf("%s: events %q, want %q", how, got, tc.want)
				}
				var e *Error
				if errors.As(err, &e); e != tc.err {
					t.Fatalf("%s: error %v, want %v", how, err, tc.err)
				}
			}
		})
	}
	t.Logf("%d cases", len(cases))
}

type readerCase struct {
	name   string
	in     []byte
	want   string // events joined by |
	err    *Error
	limits Limits
}

func readerCases() []readerCase {
	var all []readerCase
	for _, group := range [][]readerCase{
		framingCases(), pingCases(), reservedCases(), opcodeCases(), fragmentCases(),
		utf8Cases(), closeCases(), limitCases(), lengthCases(), maskCases(),
	} {
		all = append(all, group...)
	}
	return all
}

// Autobahn 1.*: sizes on both sides of every length encoding.
func framingCases() (cs []readerCase) {
	for _, n := range []int{0, 1, 124, 125, 126, 127, 128, 255, 256, 65534, 65535, 65536} {
		p := strings.Repeat("*", n)
		cs = append(cs,
			readerCase{name: fmt.Sprintf("1.1 text of %d bytes", n), in: txt(p), want: describe(Message{Kind: Text, Payload: []byte(p)})},
			readerCase{name: fmt.Sprintf("1.2 binary of %d bytes", n), in: bin(p), want: describe(Message{Kind: Binary, Payload: []byte(p)})})
	}
	return append(cs,
		readerCase{name: "1.3 many in one segment", in: cat(txt("a"), bin("b"), txt(""), txt("d")), want: "text a|bin b|text |text d"},
		readerCase{name: "1.4 nothing yet", in: unfinished(txt("abc"), 1)},
		readerCase{name: "1.5 header only", in: unfinished(txt("abc"), 3)},
		readerCase{name: "1.6 binary need not be UTF-8", in: bin("\xff\xfe\x00"), want: "bin \xff\xfe\x00"},
	)
}

// Autobahn 2.*: pings and pongs.
func pingCases() (cs []readerCase) {
	p125 := strings.Repeat("p", 125)
	cs = []readerCase{
		{name: "2.1 ping without payload", in: ping(""), want: "ping "},
		{name: "2.2 ping with text", in: ping("Hello, world!"), want: "ping Hello, world!"},
		{name: "2.3 ping with bytes", in: ping("\x00\xff\xfe\xfd\x00"), want: "ping \x00\xff\xfe\xfd\x00"},
		{name: "2.4 ping of 125 bytes", in: ping(p125), want: "ping pppppppp...(125)"},
		{name: "2.5 ABUSE 99 ping of 126 bytes", in: ping(p125 + "x"), err: ErrControlSize},
		{name: "2.6 ping twice", in: cat(ping("1"), ping("2")), want: "ping 1|ping 2"},
		{name: "2.7 unsolicited pong without payload", in: pong(""), want: "pong "},
		{name: "2.8 unsolicited pong with payload", in: pong("unasked"), want: "pong unasked"},
		{name: "2.9 pong then ping", in: cat(pong("a"), ping("b")), want: "pong a|ping b"},
		{name: "2.12 ABUSE 99 pong of 126 bytes", in: pong(p125 + "x"), err: ErrControlSize},
		{name: "2.13 ABUSE 99 ping of 64 KiB", in: ping(strings.Repeat("x", 65536)), err: ErrControlSize},
	}
	var many []byte
	var want []string
	for i := range 10 {
		many = append(many, ping(fmt.Sprint(i))...)
		want = append(want, fmt.Sprint("ping ", i))
	}
	return append(cs, readerCase{name: "2.10 ten pings at once", in: many, want: strings.Join(want, "|")})
}

// Autobahn 3.*: reserved bits.
func reservedCases() (cs []readerCase) {
	for rsv := byte(1); rsv <= 7; rsv++ {
		cs = append(cs, readerCase{name: fmt.Sprintf("3.%d ABUSE 96 RSV %03b on text", rsv, rsv),
			in: raw(fin|rsv<<4|1, []byte("x")), err: ErrReserved})
	}
	for _, op := range []byte{0, 2, 8, 9, 10} {
		cs = append(cs, readerCase{name: fmt.Sprintf("3.8 ABUSE 96 RSV1 on opcode %d", op),
			in: raw(fin|0x40|op, nil), err: ErrReserved})
	}
	return append(cs,
		readerCase{name: "3.9 ABUSE 96 RSV after a good message", in: cat(txt("ok"), raw(fin|0x20|1, []byte("x"))), want: "text ok", err: ErrReserved},
		readerCase{name: "3.10 ABUSE 104 compressed frame that was never negotiated", in: raw(fin|0x40|1, []byte("\xf2\x48\xcd\xc9\xc9\x07\x00")), err: ErrReserved},
	)
}

// Autobahn 4.*: reserved opcodes.
func opcodeCases() (cs []readerCase) {
	for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		cs = append(cs,
			readerCase{name: fmt.Sprintf("4.1 ABUSE 96 opcode %d empty", op), in: raw(fin|op, nil), err: ErrOpcode},
			readerCase{name: fmt.Sprintf("4.2 ABUSE 96 opcode %d after text", op), in: cat(txt("ok"), raw(fin|op, []byte("x"))), want: "text ok", err: ErrOpcode})
	}
	return cs
}

// Autobahn 5.*: fragmentation.
func fragmentCases() []readerCase {
	return []readerCase{
		{name: "5.1 ABUSE 99 ping in two fragments", in: cat(raw(9, []byte("a")), last("b")), err: ErrControlFragment},
		{name: "5.2 ABUSE 99 pong in two fragments", in: cat(raw(10, []byte("a")), last("b")), err: ErrControlFragment},
		{name: "5.2b ABUSE 99 close in two fragments", in: raw(8, nil), err: ErrControlFragment},
		{name: "5.3 text in two fragments", in: cat(firstTxt("frag"), last("ment")), want: "text fragment"},
		{name: "5.4 binary in two fragments", in: cat(firstBin("frag"), last("ment")), want: "bin fragment"},
		{name: "5.5 text in five fragments", in: cat(firstTxt("a"), cont("b"), cont("c"), cont("d"), last("e")), want: "text abcde"},
		{name: "5.6 ping between fragments", in: cat(firstTxt("a"), ping("p"), last("b")), want: "ping p|text ab"},
		{name: "5.7 pong between fragments", in: cat(firstTxt("a"), pong("p"), last("b")), want: "pong p|text ab"},
		{name: "5.8 pings between many fragments", in: cat(firstTxt("a"), ping("1"), cont("b"), ping("2"), last("c")), want: "ping 1|ping 2|text abc"},
		{name: "5.9 ABUSE 100 continuation with FIN and no start", in: last("x"), err: ErrUnexpectedContinuation},
		{name: "5.10 ABUSE 100 continuation without FIN and no start", in: cont("x"), err: ErrUnexpectedContinuation},
		{name: "5.11 ABUSE 100 continuation after a whole message", in: cat(txt("ok"), last("x")), want: "text ok", err: ErrUnexpectedContinuation},
		{name: "5.12 ABUSE 100 continuation after a fragmented message", in: cat(firstTxt("o"), last("k"), last("x")), want: "text ok", err: ErrUnexpectedContinuation},
		{name: "5.15 ABUSE 100 continuation with no start, then text", in: cat(cont("x"), txt("y")), err: ErrUnexpectedContinuation},
		{name: "5.18 ABUSE 100 text inside fragmented text", in: cat(firstTxt("a"), txt("b")), err: ErrExpectedContinuation},
		{name: "5.18b ABUSE 100 binary inside fragmented text", in: cat(firstTxt("a"), bin("b")), err: ErrExpectedContinuation},
		{name: "5.18c ABUSE 100 first fragment inside fragmented binary", in: cat(firstBin("a"), firstBin("b")), err: ErrExpectedContinuation},
		{name: "5.19 two fragmented messages with pings", in: cat(firstTxt("a"), ping("1"), last("b"), firstBin("c"), ping("2"), last("d")), want: "ping 1|text ab|ping 2|bin cd"},
		{name: "5.20 close between fragments", in: cat(firstTxt("a"), closing(1000, ""), last("b")), want: "close 1000 "},
		{name: "6.1.1 empty text", in: txt(""), want: "text "},
		{name: "6.1.2 text of three empty fragments", in: cat(firstTxt(""), cont(""), last("")), want: "text "},
		{name: "6.1.3 text of empty, full and empty fragments", in: cat(firstTxt(""), cont("mid"), last("")), want: "text mid"},
		{name: "5.21 first fragment empty", in: cat(firstBin(""), last("x")), want: "bin x"},
		{name: "5.22 last fragment empty", in: cat(firstBin("x"), last("")), want: "bin x"},
		{name: "5.23 whole message after a fragmented one", in: cat(firstBin("x"), last("y"), bin("z")), want: "bin xy|bin z"},
		{name: "5.24 big fragments", in: cat(firstBin(strings.Repeat("a", 30000)), last(strings.Repeat("b", 30000))), want: "bin aaaaaaaa...(60000)"},
	}
}

// Autobahn 7.*: the end.
func closeCases() (cs []readerCase) {
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		cs = append(cs, readerCase{name: fmt.Sprintf("7.7 code %d", code), in: closing(code, "why"), want: fmt.Sprintf("close %d why", code)})
	}
	for _, code := range []int{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 9999, 65535} {
		cs = append(cs, readerCase{name: fmt.Sprintf("7.9 ABUSE 102 code %d", code), in: closing(code, ""), err: ErrCloseCode})
	}
	r123 := strings.Repeat("r", 123)
	return append(cs, []readerCase{
		{name: "7.1.1 close after a message", in: cat(txt("hi"), closing(1000, "bye")), want: "text hi|close 1000 bye"},
		{name: "7.1.2 two closes", in: cat(closing(1000, ""), closing(1001, "")), want: "close 1000 "},
		{name: "7.1.3 ping after close", in: cat(closing(1000, ""), ping("x")), want: "close 1000 "},
		{name: "7.1.4 text after close", in: cat(closing(1000, ""), txt("x")), want: "close 1000 "},
		{name: "7.1.5 rubbish after close", in: cat(closing(1000, ""), []byte("\xff\xff\xff")), want: "close 1000 "},
		{name: "7.3.1 close without a body", in: raw(fin|8, nil), want: "close 1005 "},
		{name: "7.3.2 ABUSE 102 close body of one byte", in: raw(fin|8, []byte{3}), err: ErrCloseLength},
		{name: "7.3.3 close with code only", in: closing(1000, ""), want: "close 1000 "},
		{name: "7.3.4 close with code and reason", in: closing(1000, "Hello World!"), want: "close 1000 Hello World!"},
		{name: "7.3.5 close with the longest reason", in: closing(1000, r123), want: "close 1000 rrrrrrrr...(123)"},
		{name: "7.3.6 ABUSE 99 close with too long a reason", in: closing(1000, r123+"r"), err: ErrControlSize},
		{name: "7.5.1 ABUSE 102 close reason that is not UTF-8", in: closing(1000, "\xce\xba\xed\xa0\x80"), err: ErrCloseReason},
		{name: "7.5.2 close reason that is UTF-8", in: closing(1001, "κόσμε"), want: "close 1001 κόσμε"},
		{name: "7.5.3 ABUSE 102 close reason cut inside a character", in: closing(1001, "\xce"), err: ErrCloseReason},
	}...)
}

// Autobahn 9.* in spirit: limits.
func limitCases() []readerCase {
	small := Limits{Message: 10, Fragments: 4}
	huge := bytes.Repeat(cont(""), 2000)
	return []readerCase{
		{name: "9.1 message at the limit", in: bin("0123456789"), want: "bin 0123456789", limits: small},
		{name: "9.2 ABUSE 103 one byte over the limit", in: bin("0123456789x"), err: ErrTooBig, limits: small},
		{name: "9.3 ABUSE 103 refused by its header alone", in: announce(fin|2, 11), err: ErrTooBig, limits: small},
		{name: "9.4 fragments at the limit", in: cat(firstBin("01234"), last("56789")), want: "bin 0123456789", limits: small},
		{name: "9.5 ABUSE 103 fragments one byte over", in: cat(firstBin("01234"), last("56789x")), err: ErrTooBig, limits: small},
		{name: "9.6 as many fragments as allowed", in: cat(firstBin("a"), cont("b"), cont("c"), last("d")), want: "bin abcd", limits: small},
		{name: "9.7 ABUSE 103 one fragment too many", in: cat(firstBin("a"), cont("b"), cont("c"), cont("d"), last("e")), err: ErrTooFragmented, limits: small},
		{name: "9.8 ABUSE 103 a flood of empty fragments", in: cat(firstBin(""), huge), err: ErrTooFragmented},
		{name: "9.9 limits begin anew with each message", in: cat(bin("0123456789"), firstBin("01234"), last("56789"), bin("x")), want: "bin 0123456789|bin 0123456789|bin x", limits: small},
		{name: "9.10 ABUSE 103 64 KiB and one byte", in: announce(fin|2, 127, u64(65537)...), err: ErrTooBig},
		{name: "9.11 control frames do not count", in: cat(firstBin("0"), ping("ppppppppppp"), pong("qqqqqqqqqqq"), ping("1"), ping("2"), last("1")), want: "ping ppppppppppp|pong qqqqqqqqqqq|ping 1|ping 2|bin 01", limits: small},
	}
}

// Lengths that lie.
func lengthCases() []readerCase {
	return []readerCase{
		{name: "ABUSE 97 top bit of the 64-bit length", in: announce(fin|2, 127, u64(1<<63)...), err: ErrLengthSign},
		{name: "ABUSE 97 all bits of the 64-bit length", in: announce(fin|2, 127, u64(1<<64-1)...), err: ErrLengthSign},
		{name: "ABUSE 97 the greatest length", in: announce(fin|2, 127, u64(1<<63-1)...), err: ErrTooBig},
		{name: "ABUSE 97 a length that overflows 32 bits", in: announce(fin|1, 127, u64(1<<32+5)...), err: ErrTooBig},
		{name: "ABUSE 97 continuation that overflows the sum", in: cat(firstBin("abc"), announce(fin, 127, u64(1<<63-2)...)), err: ErrTooBig},
		{name: "ABUSE 98 0 in 16 bits", in: announce(fin|2, 126, u16(0)...), err: ErrNotMinimal},
		{name: "ABUSE 98 125 in 16 bits", in: announce(fin|2, 126, u16(125)...), err: ErrNotMinimal},
		{name: "ABUSE 98 0 in 64 bits", in: announce(fin|2, 127, u64(0)...), err: ErrNotMinimal},
		{name: "ABUSE 98 126 in 64 bits", in: announce(fin|2, 127, u64(126)...), err: ErrNotMinimal},
		{name: "ABUSE 98 65535 in 64 bits", in: announce(fin|2, 127, u64(65535)...), err: ErrNotMinimal},
		{name: "ABUSE 99 ping with a 16-bit length of 5", in: announce(fin|9, 126, u16(5)...), err: ErrControlSize},
		{name: "ABUSE 99 close with a 64-bit length", in: announce(fin|8, 127, u64(2)...), err: ErrControlSize},
	}
}

// Masks.
func maskCases() []readerCase {
	zero := cat([]byte{fin | 1, 0x80 | 5, 0, 0, 0, 0}, []byte("Hello"))
	return []readerCase{
		{name: "a mask of zeros", in: zero, want: "text Hello"},
		{name: "ABUSE 95 unmasked text", in: []byte{fin | 1, 5, 'H', 'e', 'l', 'l', 'o'}, err: ErrUnmasked},
		{name: "ABUSE 95 unmasked empty text", in: []byte{fin | 1, 0}, err: ErrUnmasked},
		{name: "ABUSE 95 unmasked ping", in: []byte{fin | 9, 0}, err: ErrUnmasked},
		{name: "ABUSE 95 unmasked close", in: []byte{fin | 8, 0}, err: ErrUnmasked},
		{name: "ABUSE 95 unmasked continuation", in: cat(firstTxt("a"), []byte{fin, 1, 'b'}), err: ErrUnmasked},
		{name: "ABUSE 95 unmasked after a good message", in: cat(txt("ok"), []byte{fin | 1, 1, 'x'}), want: "text ok", err: ErrUnmasked},
		{name: "plain HTTP instead of frames", in: []byte("GET / HTTP/1.1\r\n\r\n"), err: ErrReserved},
		{name: "ABUSE 117 the RFC's own example", in: []byte{0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}, want: "text Hello"},
	}
}

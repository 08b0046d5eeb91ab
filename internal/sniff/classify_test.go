package sniff

import (
	"strings"
	"testing"
)

func TestClassify(t *testing.T) {
	const ws = "GET /ws/rooms/room_1 HTTP/1.1\r\nHost: x\r\n"
	cases := []struct {
		name, in string
		want     Kind
	}{
		{"nothing", "", Undecided},
		{"one byte of the preface", "P", Undecided},
		{"preface cut", "PRI * HTTP/2", Undecided},
		{"preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", GRPC},
		{"preface's first line", "PRI * HTTP/2.0", GRPC},
		{"not quite a preface", "PRI * HTTP/1.1\r\n", HTTP},
		{"post", "POST / HTTP/1.1\r\n", HTTP},
		{"put begins like the preface", "PUT", HTTP},
		{"get could be anything", "GET /", Undecided},
		{"get elsewhere", "GET /api", HTTP},
		{"get of the prefix, no headers yet", "GET /ws/rooms", Undecided},
		{"upgrade", ws + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", WebSocket},
		{"upgrade, any case", ws + "uPGRADE:WebSocket\r\n\r\n", WebSocket},
		{"upgrade among others", ws + "Upgrade: foo, websocket\r\n\r\n", WebSocket},
		{"upgrade on bare line feeds", strings.ReplaceAll(ws+"Upgrade: websocket\r\n\r\n", "\r\n", "\n"), WebSocket},
		{"upgrade with bytes behind", ws + "Upgrade: websocket\r\n\r\n\x81\x80", WebSocket},
		{"head not done", ws + "Upgrade: websocket\r\n", Undecided},
		{"no upgrade", ws + "\r\n", HTTP},
		{"upgrade to h2c", ws + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", HTTP},
		{"h2c elsewhere", "GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", HTTP},
		{"upgrade in the body", ws + "\r\nUpgrade: websocket\r\n\r\n", HTTP},
		{"blank before the colon", ws + "Upgrade : websocket\r\n\r\n", HTTP},
		{"folded field", ws + "X: y\r\n Upgrade: websocket\r\n\r\n", HTTP},
		{"another method", strings.Replace(ws, "GET", "POST", 1) + "Upgrade: websocket\r\n\r\n", HTTP},
		{"two slashes", strings.Replace(ws, "/ws", "//ws", 1) + "Upgrade: websocket\r\n\r\n", HTTP},
		{"other case", strings.Replace(ws, "/ws", "/WS", 1) + "Upgrade: websocket\r\n\r\n", HTTP},
		{"absolute form", strings.Replace(ws, "/ws", "http://x/ws", 1) + "Upgrade: websocket\r\n\r\n", HTTP},
		{"endless head", ws + strings.Repeat("a", maxHead), HTTP},
		{"head a little too long", ws + "Upgrade: websocket\r\nX: " + strings.Repeat("a", maxHead) + "\r\n\r\n", HTTP},
		{"tls", "\x16\x03\x01\x02\x00\x01", HTTP},
	}
	for _, c := range cases {
		if got := Classify([]byte(c.in), "/ws/"); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

// FuzzClassify holds the promise that more bytes never change a decision.
func FuzzClassify(f *testing.F) {
	f.Add("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	f.Add("GET /ws/rooms/1 HTTP/1.1\r\nUpgrade: websocket\r\n\r\nrest")
	f.Add("GET /ws/ HTTP/1.1\n\nUpgrade: websocket\n\n")
	f.Add("GET /ws/\n\r\n\r")
	f.Fuzz(func(t *testing.T, in string) {
		if len(in) > 3*maxHead {
			return
		}
		b := []byte(in)
		decided := Undecided
		for n := 0; n <= len(b); n++ {
			got := Classify(b[:n], "/ws/")
			if decided != Undecided && got != decided {
				t.Fatalf("%q: %d at first, %d after %d bytes", in, decided, got, n)
			}
			decided = got
			if n > 200 && n < len(b)-200 {
				n += 97 // the promise is about any two lengths; trying all is quadratic
			}
		}
		if len(b) >= maxHead && decided == Undecided {
			t.Fatalf("undecided after %d bytes", len(b))
		}
	})
}

func BenchmarkClassifyUpgrade(b *testing.B) {
	in := []byte("GET /ws/rooms/room_1 HTTP/1.1\r\nHost: example.org\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	for b.Loop() {
		if Classify(in, "/ws/") != WebSocket {
			b.Fatal("not an upgrade")
		}
	}
}

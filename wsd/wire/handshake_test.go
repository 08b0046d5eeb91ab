package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const goodHead = "GET /ws/rooms/r1?after=7 HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

// edit makes a request from the good one.
func edit(old, new string) string {
	if old != "" && !strings.Contains(goodHead, old) {
		panic("no " + old)
	}
	return strings.Replace(goodHead, old, new, 1) + "\r\n"
}

func with(line string) string { return goodHead + line + "\r\n\r\n" }

func testUpgrader() *Upgrader {
	return &Upgrader{
		Protocols: []string{"synctv.v1.proto", "synctv.v1.json"},
		Path: func(u *url.URL) error {
			if !strings.HasPrefix(u.Path, "/ws/rooms/") {
				return &Rejection{Status: 404, Reason: "no such endpoint"}
			}
			return nil
		},
		Peer: func(host, origin string) error {
			if origin != "" && origin != "https://"+host {
				return &Rejection{Status: 403, Reason: "origin is not allowed"}
			}
			return nil
		},
		Field: func(key, value string) error {
			if key == "X-Broken" {
				return errors.New("a secret cause")
			}
			return nil
		},
		Check: func(req *Request) error {
			if req.Authorization == "Bearer bad" {
				return &Rejection{Status: 401, Reason: "bad token", Header: http.Header{"Www-Authenticate": {"Bearer"}}}
			}
			return nil
		},
	}
}

// shake runs one handshake: in is what the client sends, prefix bytes of it
// were already read by someone else.
func shake(t testing.TB, u *Upgrader, in string, prefix int) (*Request, *http.Response, string, error) {
	t.Helper()
	server, client := net.Pipe()
	defer server.Close()
	deadline := time.Now().Add(5 * time.Second)
	server.SetDeadline(deadline)
	client.SetDeadline(deadline)
	type answer struct {
		resp *http.Response
		body string
	}
	got := make(chan answer, 1)
	go func() {
		go io.WriteString(client, in[prefix:])
		resp, err := http.ReadResponse(bufio.NewReader(client), nil)
		if err != nil {
			got <- answer{}
			return
		}
		body, _ := io.ReadAll(io.LimitReader(resp.Body, max(0, resp.ContentLength)))
		got <- answer{resp, string(body)}
	}()
	req, err := u.Upgrade(server, []byte(in[:prefix]))
	server.Close()
	a := <-got
	client.Close()
	return req, a.resp, a.body, err
}

func TestHandshake(t *testing.T) {
	in := goodHead + "Origin: https://example.org\r\nAuthorization: Bearer t\r\nCookie: a=1\r\ncookie: b=2\r\nX-Forwarded-For: 1.2.3.4, 5.6.7.8\r\n" +
		"Sec-WebSocket-Protocol: other, synctv.v1.json\r\nSec-WebSocket-Protocol: synctv.v1.proto\r\nUser-Agent: t\r\n\r\n" + string(txt("first"))
	for _, prefix := range []int{0, 1, 4, 100, len(goodHead) + 20, len(in) - 3, len(in)} {
		t.Run(fmt.Sprintf("%d bytes sniffed", prefix), func(t *testing.T) {
			req, resp, _, err := shake(t, testUpgrader(), in, prefix)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != 101 || resp.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" ||
				resp.Header.Get("Sec-WebSocket-Protocol") != "synctv.v1.json" {
				t.Errorf("answer %v", resp)
			}
			if req.URL.Path != "/ws/rooms/r1" || req.URL.RawQuery != "after=7" || req.Host != "example.org" ||
				req.Origin != "https://example.org" || req.Protocol != "synctv.v1.json" || req.Authorization != "Bearer t" ||
				req.Cookie != "a=1; b=2" || !slices.Equal(req.ForwardedFor, []string{"1.2.3.4", "5.6.7.8"}) ||
				len(req.Offered) != 3 || req.UserAgent != "t" || req.Remote == nil {
				t.Errorf("request %+v", req)
			}
			if prefix == len(in) && string(req.Rest) != string(txt("first")) {
				t.Errorf("ABUSE 117: pipelined bytes %q", req.Rest) // read exactly, handled once
			}
			if s := req.LogValue().String(); strings.Contains(s, "after") || strings.Contains(s, "Bearer") {
				t.Errorf("ABUSE 110: log value %s", s)
			}
		})
	}
}

func TestHandshakeAccepted(t *testing.T) {
	for name, in := range map[string]string{
		"plain":                                   edit("", ""),
		"lower-case names":                        strings.ToLower(goodHead[strings.Index(goodHead, "Host"):strings.Index(goodHead, "Sec-WebSocket-Key")]),
		"content-length 0":                        with("Content-Length: 0"),
		"no common subprotocol":                   with("Sec-WebSocket-Protocol: chat"),
		"ABUSE 105 deflate offer is ignored":      with("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99"),
		"ABUSE 105 repeated offers are ignored":   with("Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate, permessage-deflate"),
		"ABUSE 105 malformed offer is ignored":    with("Sec-WebSocket-Extensions: ;;=,"),
		"many spaces around a value":              with("X-Any:  \t v \t"),
		"bytes above ASCII in a value":            with("X-Any: \xe4\xbd\xa0"),
		"upgrade in capitals":                     edit("Upgrade: websocket", "Upgrade: WebSocket"),
		"same origin":                             with("Origin: https://example.org"),
		"host with port, not checked here":        edit("Host: example.org", "Host: [::1]:8080"),
		"percent-encoded path stays in its place": edit("/ws/rooms/r1", "/ws/rooms/%E4%BD%A0"),
	} {
		t.Run(name, func(t *testing.T) {
			if name == "lower-case names" {
				in = "GET /ws/rooms/r1 HTTP/1.1\r\n" + in + goodHead[strings.Index(goodHead, "Sec-WebSocket-Key"):] + "\r\n"
			}
			req, resp, body, err := shake(t, testUpgrader(), in, 0)
			if err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			if req.Protocol != "" || resp.Header.Get("Sec-WebSocket-Extensions") != "" || resp.Header.Get("Sec-WebSocket-Protocol") != "" {
				t.Errorf("answer %v", resp.Header)
			}
		})
	}
}

func TestHandshakeRefused(t *testing.T) {
	cases := refusedCases()
	if len(cases) < 40 {
		t.Errorf("%d cases", len(cases))
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			for _, prefix := range []int{0, min(len(tc.in), 9), len(tc.in)} {
				req, resp, body, err := shake(t, testUpgrader(), tc.in, prefix)
				if req != nil || err == nil {
					t.Fatalf("accepted with %d bytes sniffed", prefix)
				}
				if resp == nil || resp.StatusCode != tc.status {
					t.Fatalf("answer %v, want %d; error %v", resp, tc.status, err)
				}
				if !strings.Contains(resp.Header.Get("Connection"), "close") && !resp.Close || body == "" || strings.Contains(body, "secret") {
					t.Errorf("answer %v %q", resp.Header, body)
				}
				var rej *Rejection
				if errors.As(err, &rej) != (tc.status != 500) {
					t.Errorf("error %v", err)
				}
				for k, v := range tc.header {
					if resp.Header.Get(k) != v {
						t.Errorf("%s: %q, want %q", k, resp.Header.Get(k), v)
					}
				}
			}
		})
	}
}

type refusedCase struct {
	name   string
	in     string
	status int
	header map[string]string
}

func refusedCases() []refusedCase {
	v13 := map[string]string{"Sec-WebSocket-Version": "13"}
	ws := map[string]string{"Upgrade": "websocket"}
	return []refusedCase{
		{"ABUSE 109 POST", edit("GET", "POST"), 405, map[string]string{"Allow": "GET"}},
		{"ABUSE 109 HEAD", edit("GET", "HEAD"), 405, nil},
		{"CONNECT", edit("GET /ws/rooms/r1?after=7", "CONNECT example.org:443"), 405, nil},
		{"method in lower case", edit("GET", "get"), 405, nil},
		{"h2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, nil},
		{"ABUSE 109 HTTP/1.0", edit("HTTP/1.1", "HTTP/1.0"), 400, nil},
		{"HTTP/2.0", edit("HTTP/1.1", "HTTP/2.0"), 400, nil},
		{"HTTP/11", edit("HTTP/1.1", "HTTP/11"), 400, nil},
		{"no version", edit(" HTTP/1.1", ""), 400, nil},
		{"two spaces", edit("GET ", "GET  "), 400, nil},
		{"trailing word", edit("HTTP/1.1", "HTTP/1.1 x"), 400, nil},
		{"a tab instead of a space", edit("GET ", "GET\t"), 400, nil},
		{"absolute target", edit("/ws/rooms", "http://example.org/ws/rooms"), 400, nil},
		{"asterisk target", edit("/ws/rooms/r1?after=7", "*"), 400, nil},
		{"fragment in the target", edit("?after=7", "#x"), 400, nil},
		{"control byte in the target", edit("?after=7", "?a=\x01"), 400, nil},
		{"non-ASCII in the target", edit("?after=7", "?a=\xff"), 400, nil},
		{"bad percent-encoding", edit("?after=7", "%zz"), 400, nil},
		{"another path", edit("/ws/rooms", "/api/rooms"), 404, nil},
		{"target of 3 KiB", edit("?after=7", "?a="+strings.Repeat("x", 3<<10)), 414, nil},
		{"no Host", edit("Host: example.org\r\n", ""), 400, nil},
		{"empty Host", edit("Host: example.org", "Host:"), 400, nil},
		{"two Hosts", with("Host: example.com"), 400, nil},
		{"Host with user information", edit("Host: example.org", "Host: a@example.org"), 400, nil},
		{"Host with a path", edit("Host: example.org", "Host: example.org/x"), 400, nil},
		{"Host list", edit("Host: example.org", "Host: a, b"), 400, nil},
		{"no Upgrade", edit("Upgrade: websocket\r\n", ""), 426, ws},
		{"Upgrade to h2c", edit("Upgrade: websocket", "Upgrade: h2c"), 426, ws},
		{"two Upgrades", with("Upgrade: h2c"), 400, nil},
		{"no Connection", edit("Connection: keep-alive, Upgrade\r\n", ""), 400, nil},
		{"Connection: close", edit("keep-alive, Upgrade", "close"), 400, nil},
		{"ABUSE 109 no key", edit("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), 400, nil},
		{"ABUSE 109 short key", edit("dGhlIHNhbXBsZSBub25jZQ==", "dGhl"), 400, nil},
		{"ABUSE 109 key of 1 KiB", edit("dGhlIHNhbXBsZSBub25jZQ==", strings.Repeat("A", 1<<10)), 400, nil},
		{"ABUSE 109 key of 10 KiB", edit("dGhlIHNhbXBsZSBub25jZQ==", strings.Repeat("A", 10<<10)), 431, nil},
		{"key that is not base64", edit("dGhlIHNhbXBsZSBub25jZQ==", "!!!!!!!!!!!!!!!!!!!!!!!!"), 400, nil},
		{"key of 17 bytes", edit("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZSE="), 400, nil},
		{"key of 18 bytes", edit("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZSEh"), 400, nil},
		{"two keys", with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400, nil},
		{"no version field", edit("Sec-WebSocket-Version: 13\r\n", ""), 400, nil},
		{"ABUSE 109 version 7", edit("Version: 13", "Version: 7"), 426, v13},
		{"version 14", edit("Version: 13", "Version: 14"), 426, v13},
		{"version 013", edit("Version: 13", "Version: 013"), 426, v13},
		{"version list", edit("Version: 13", "Version: 13, 8"), 426, v13},
		{"two versions", with("Sec-WebSocket-Version: 8"), 400, nil},
		{"ABUSE 109 GET with a body", with("Content-Length: 5") + "hello", 400, nil},
		{"negative Content-Length", with("Content-Length: -1"), 400, nil},
		{"Content-Length that is no number", with("Content-Length: 0x0"), 400, nil},
		{"two Content-Lengths", with("Content-Length: 0\r\nContent-Length: 0"), 400, nil},
		{"chunked body", with("Transfer-Encoding: chunked"), 400, nil},
		{"space before the colon", with("X-Any : v"), 400, nil},
		{"folded line", with("X-Any: a\r\n b"), 400, nil},
		{"line without a colon", with("X-Any"), 400, nil},
		{"empty name", with(": v"), 400, nil},
		{"name with a bracket", with("X(Any): v"), 400, nil},
		{"NUL in a value", with("X-Any: a\x00b"), 400, nil},
		{"bare CR in a value", with("X-Any: a\rb"), 400, nil},
		{"bare LF line ends", strings.ReplaceAll(edit("", ""), "\r\n", "\n"), 400, nil},
		{"one bare LF", edit("example.org\r\n", "example.org\n"), 400, nil},
		{"65 header fields", with(strings.Repeat("X-A: b\r\n", 65) + "X-B: c"), 431, nil},
		{"header of 9 KiB", with("X-Any: " + strings.Repeat("x", 9<<10)), 431, nil},
		{"endless first line", "GET /" + strings.Repeat("x", 20<<10), 431, nil},
		{"TLS to a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, nil},
		{"bytes of nothing", "\x00\x00\x00\x00", 400, nil},
		{"subprotocol list with a hole", with("Sec-WebSocket-Protocol: a,,b"), 400, nil},
		{"subprotocol with a space", with("Sec-WebSocket-Protocol: a b"), 400, nil},
		{"subprotocol twice", with("Sec-WebSocket-Protocol: a, a"), 400, nil},
		{"ABUSE 108 foreign origin", with("Origin: https://evil.example"), 403, nil},
		{"ABUSE 108 null origin", with("Origin: null"), 403, nil},
		{"ABUSE 108 look-alike origin", with("Origin: https://example.org.evil.example"), 403, nil},
		{"ABUSE 108 other scheme", with("Origin: http://example.org"), 403, nil},
		{"two origins", with("Origin: https://example.org\r\nOrigin: https://example.org"), 400, nil},
		{"two credentials", with("Authorization: Bearer a\r\nAuthorization: Bearer b"), 400, nil},
		{"refused by Check", with("Authorization: Bearer bad"), 401, map[string]string{"Www-Authenticate": "Bearer"}},
		{"a failure inside", with("X-Broken: 1"), 500, nil},
	}
}

// TestHandshakeSilence: whoever sends too little is not answered and not waited
// for beyond the caller's deadline.
func TestHandshakeSilence(t *testing.T) {
	for name, in := range map[string]string{"nothing": "", "half a line": "GET /ws", "no empty line": goodHead} {
		t.Run(name, func(t *testing.T) {
			server, client := net.Pipe()
			defer client.Close()
			go io.WriteString(client, in)
			server.SetDeadline(time.Now().Add(30 * time.Millisecond))
			_, err := testUpgrader().Upgrade(server, nil)
			var ne net.Error
			if !errors.As(err, &ne) || !ne.Timeout() {
				t.Fatalf("error %v", err)
			}
		})
		t.Run(name+", then gone", func(t *testing.T) {
			server, client := net.Pipe()
			go func() { io.WriteString(client, in); client.Close() }()
			if _, err := testUpgrader().Upgrade(server, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("error %v", err)
			}
		})
	}
}

// TestRefusalArrives: a client that is refused while it is still sending gets
// the answer, not a reset.
func TestRefusalArrives(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			testUpgrader().Upgrade(nc, nil)
			nc.Close()
		}
	}()
	for range 20 {
		client, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		client.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.WriteString(client, with("X-Any: "+strings.Repeat("x", 200<<10))); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(client), nil)
		if err != nil || resp.StatusCode != 431 {
			t.Fatalf("answer %v, %v", resp, err)
		}
		client.Close()
	}
}

// FuzzHandshake: no input may panic, be answered with 5xx, or be accepted in
// one cut and refused in another.
func FuzzHandshake(f *testing.F) {
	f.Add(edit("", ""), uint16(10))
	for _, tc := range refusedCases() {
		if tc.status != 500 && len(tc.in) < 2000 {
			f.Add(tc.in, uint16(20))
		}
	}
	u := testUpgrader()
	u.Field = nil
	f.Fuzz(func(t *testing.T, in string, cut uint16) {
		k := min(int(cut), len(in))
		one := &script{parts: []string{in}}
		two := &script{parts: []string{in[k:]}}
		a, errA := u.Upgrade(one, nil)
		b, errB := u.Upgrade(two, []byte(in[:k]))
		if (errA == nil) != (errB == nil) || one.out.String() != two.out.String() {
			t.Fatalf("whole: %v %q; cut at %d: %v %q", errA, one.out.String(), k, errB, two.out.String())
		}
		if errA == nil {
			if a.Host != b.Host || a.URL.String() != b.URL.String() || !strings.HasPrefix(one.out.String(), "HTTP/1.1 101 ") {
				t.Fatalf("%+v and %+v", a, b)
			}
			return
		}
		if strings.HasPrefix(one.out.String(), "HTTP/1.1 5") {
			t.Fatalf("answer %q", one.out.String())
		}
	})
}

// script is a connection that says parts and listens.
type script struct {
	net.Conn
	parts []string
	out   strings.Builder
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.parts) == 0 || len(s.parts) == 1 && s.parts[0] == "" {
		return 0, io.EOF
	}
	n := copy(p, s.parts[0])
	s.parts[0] = s.parts[0][n:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error) { return s.out.Write(p) }
func (s *script) RemoteAddr() net.Addr        { return &net.TCPAddr{} }

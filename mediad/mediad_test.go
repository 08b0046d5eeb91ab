package mediad

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"synctv/app"
	"synctv/mediad/av"
	"synctv/mediad/rtmp"
)

// watch asks for the stream over HTTP-FLV.
func (h *house) watch() *http.Response {
	h.t.Helper()
	resp, err := http.Get(h.web.URL + Prefix + string(str) + ".flv?token=yes")
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func TestWatching(t *testing.T) {
	h := open(t, Config{})
	if resp := h.watch(); resp.StatusCode != http.StatusNotFound {
		t.Errorf("nobody publishes: %d", resp.StatusCode)
	}
	p := h.publishKey()
	packets := film(t)
	if err := p.send(packets...); err != nil {
		t.Fatal(err)
	}
	soon(t, "told to app", func() bool {
		h.app.mu.Lock()
		defer h.app.mu.Unlock()
		return slices.ContainsFunc(h.app.online, func(m app.StreamMedia) bool {
			return m.VideoCodec == "H.264" && m.AudioCodec == "AAC" && m.Width == 160
		})
	})
	resp := h.watch()
	video, audio, configs := tags(t, resp.Body, 20)
	if resp.StatusCode != http.StatusOK || video == 0 || audio == 0 || configs != 2 {
		t.Errorf("%d: %d pictures, %d sounds, %d configurations", resp.StatusCode, video, audio, configs)
	}
	sessions := h.Sessions(str)
	if len(sessions) != 2 || sessions[0].Role != app.SessionPublisher || sessions[0].Bytes == 0 || sessions[1].Bytes == 0 {
		t.Errorf("%+v", sessions)
	}
	p.quit()
	soon(t, "stopped", func() bool { return slices.Equal(h.app.reasons(), []string{app.StreamStopped}) })
	for _, method := range []string{http.MethodPost, http.MethodOptions} {
		req, _ := http.NewRequest(method, h.web.URL+Prefix+"x.flv", nil)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != map[string]int{http.MethodPost: 405, http.MethodOptions: 204}[method] {
			t.Errorf("%s: %d", method, resp.StatusCode)
		}
	}
}

// encoder 23: TestRefusals are said before the connection is closed.
func TestRefusals(t *testing.T) {
	h := open(t, Config{Linger: 50 * time.Millisecond})
	for _, c := range []struct {
		name    string
		publish bool
		code    string
	}{
		{"live/key_bad.secret", true, rtmp.CodePublishBadName},
		{"live/" + string(str) + "?token=no", false, rtmp.CodePlayNotFound},
		{"live/" + string(str) + "?token=yes", false, rtmp.CodePlayNotFound}, // nobody publishes it
	} {
		p, err := h.dial(c.name, c.publish)
		var status *rtmp.Status
		if !errors.As(err, &status) || status.Code != c.code || status.Description == "" {
			t.Errorf("%s: %v", c.name, err)
		}
		p.nc.Close()
	}
	soon(t, "closed", func() bool { return h.Stats().Connections == 0 })
}

// encoder 22: TestTakeover. The newest publisher has the stream, the old one is told, and who watches goes on.
func TestTakeover(t *testing.T) {
	h := open(t, Config{Linger: 50 * time.Millisecond})
	packets := film(t)
	first := h.publishKey()
	first.send(packets...)
	soon(t, "live", func() bool { return len(h.Sessions(str)) == 1 })
	resp := h.watch()
	var tape tape
	if video, _, _ := tape.play(t, resp.Body, 10); video == 0 {
		t.Error("no picture")
	}
	second := h.publishKey()
	var status *rtmp.Status
	if err := first.ended(); !errors.As(err, &status) || !strings.Contains(status.Description, "Somebody else publishes") {
		t.Errorf("the first was told %v", err)
	}
	second.send(packets...)
	if video, audio, _ := tape.play(t, resp.Body, 60); video == 0 || audio == 0 {
		t.Error("the viewer gets nothing of the second publisher")
	}
	if got := h.app.reasons(); !slices.Equal(got, []string{app.StreamReplaced}) {
		t.Errorf("%v", got)
	}
	if s := h.Sessions(str); len(s) != 2 || s[0].ID == "publisher1" {
		t.Errorf("%+v", s)
	}
}

// TestEnds: all that app can end, and what time ends.
func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name      string
		end       func(h *house)
		publisher string // reason, "" when it goes on
		viewer    bool   // it ends
	}{
		{"kicked publisher", func(h *house) { h.KickSession(str, "publisher1") }, app.StreamKicked, false},
		{"kicked viewer", func(h *house) { h.KickSession(str, "viewer2") }, "", true},
		{"viewers let in before now", func(h *house) { h.EndViewers(str, h.app.Now()) }, "", true},
		{"viewers let in before another time", func(h *house) { h.EndViewers(str, 1) }, "", false},
		{"the stream", func(h *house) { h.EndStream(str, "deleted") }, app.StreamKicked, true},
		{"another stream", func(h *house) { h.EndStream("str_2", "deleted") }, "", false},
		{"the right to watch, when it is asked for again", func(h *house) {
			h.app.mu.Lock()
			h.app.closed = true
			h.app.mu.Unlock()
		}, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t, Config{Linger: 50 * time.Millisecond})
			p := h.publishKey()
			p.send(film(t)...)
			resp := h.watch()
			tags(t, resp.Body, 10)
			ended := make(chan struct{})
			go func() {
				io.Copy(io.Discard, resp.Body)
				close(ended)
			}()
			c.end(h)
			limit := 200 * time.Millisecond
			if c.viewer {
				limit = 5 * time.Second
			}
			select {
			case <-ended:
				if !c.viewer {
					t.Error("the viewer has ended")
				}
			case <-time.After(limit):
				if c.viewer {
					t.Error("the viewer goes on")
				}
			}
			if c.publisher != "" {
				if err := p.ended(); err == nil || errors.Is(err, io.EOF) {
					t.Errorf("the encoder was told %v", err)
				}
				soon(t, "told to app", func() bool { return slices.Equal(h.app.reasons(), []string{c.publisher}) })
			} else if len(h.app.reasons()) > 0 {
				t.Errorf("the publisher ended: %v", h.app.reasons())
			}
		})
	}
}

// encoder 22: TestDeadlines. Who says nothing goes.
func TestDeadlines(t *testing.T) {
	h := open(t, Config{Handshake: 100 * time.Millisecond, Idle: 300 * time.Millisecond, Linger: 50 * time.Millisecond, MaxPerAddress: 3})
	silent, err := net.Dial("tcp", h.rtmp)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	began := time.Now()
	if n, err := silent.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) || time.Since(began) > 5*time.Second {
		t.Errorf("a silent connection: %d, %v after %v", n, err, time.Since(began))
	}
	p := h.publishKey()
	p.send(film(t)...)
	soon(t, "dropped for silence", func() bool { return slices.Equal(h.app.reasons(), []string{app.StreamLost}) })
	p.ended()
	for _, hello := range []string{"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01"} {
		nc, err := net.Dial("tcp", h.rtmp)
		if err != nil {
			t.Fatal(err)
		}
		nc.Write([]byte(hello))
		nc.SetReadDeadline(time.Now().Add(5 * time.Second))
		if n, err := nc.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("%q: %d, %v", hello, n, err)
		}
		nc.Close()
	}
}

// TestTooMany connections of one address are closed at once.
func TestTooMany(t *testing.T) {
	h := open(t, Config{MaxPerAddress: 2, Handshake: 30 * time.Second})
	var open []net.Conn
	for range 2 {
		nc, err := net.Dial("tcp", h.rtmp)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		open = append(open, nc)
	}
	soon(t, "counted", func() bool { return h.Stats().Connections == 2 })
	third, err := net.Dial("tcp", h.rtmp)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	third.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := third.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the third: %v", err)
	}
	open[0].Close()
	soon(t, "free again", func() bool { return h.Stats().Connections == 1 })
	if st := h.Stats(); st.Refused != 1 {
		t.Errorf("%+v", st)
	}
}

// TestSlowViewer: one that reads nothing costs a bounded amount, is moved ahead, and goes in the end; others do not notice.
func TestSlowViewer(t *testing.T) {
	h := open(t, Config{WriteTimeout: 500 * time.Millisecond})
	p := h.publishKey()
	packets := film(t)
	p.send(packets...)
	h.watch() // and reads nothing
	soon(t, "watched", func() bool { return len(h.Sessions(str)) == 2 })
	quick := h.watch()
	tags(t, quick.Body, 1)
	go io.Copy(io.Discard, quick.Body)
	// Thirty megabytes within a moment: more than sockets hold.
	for i, pkt := range repeat(packets, 8*time.Second) {
		if pkt.Kind == av.Video && !pkt.Config {
			pkt.Data = append(slices.Clip(pkt.Data), make([]byte, 400_000)...)
			binary.BigEndian.PutUint32(pkt.Data, uint32(len(pkt.Data)-4))
		}
		if err := p.send(pkt); err != nil {
			t.Fatal(i, err)
		}
	}
	soon(t, "cut", func() bool {
		i := slices.IndexFunc(h.Stats().Ends, func(c Count) bool { return c.Reason == "too_slow" })
		return h.Stats().Ends[i].Count == 1
	})
	if n := len(h.Sessions(str)); n != 2 {
		t.Errorf("%d are left, want the publisher and the quick viewer", n)
	}
}

// TestWebSocket reads the stream out of binary messages.
func TestWebSocket(t *testing.T) {
	h := open(t, Config{})
	p := h.publishKey()
	p.send(film(t)...)
	soon(t, "live", func() bool { return len(h.Sessions(str)) == 1 })
	u, _ := url.Parse(h.web.URL)
	nc, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(nc, "GET /live/str_1.flv?token=yes HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	r := bufio.NewReader(nc)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("%v, %v", resp, err)
	}
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(unframe(r, pw)) }()
	if video, audio, configs := tags(t, pr, 20); video == 0 || audio == 0 || configs != 2 {
		t.Errorf("%d pictures, %d sounds, %d configurations", video, audio, configs)
	}
	pr.Close()
	nc.Write([]byte{0x88, 0x80, 0, 0, 0, 0})
	soon(t, "gone", func() bool { return len(h.Sessions(str)) == 1 })
}

// unframe writes what is in the messages of a server.
func unframe(r *bufio.Reader, w io.Writer) error {
	for {
		head := make([]byte, 2)
		if _, err := io.ReadFull(r, head); err != nil {
			return err
		}
		n := int(head[1])
		more := map[int]int{126: 2, 127: 8}[n]
		size := make([]byte, more)
		if _, err := io.ReadFull(r, size); err != nil {
			return err
		}
		if more > 0 {
			n = 0
			for _, b := range size {
				n = n<<8 | int(b)
			}
		}
		if head[0] != 0x80|opBinary {
			return io.EOF
		}
		if _, err := io.CopyN(w, r, int64(n)); err != nil {
			return err
		}
	}
}

// TestManyPublishers come and go, politely or not, with viewers now and then, and leave nothing behind.
func TestManyPublishers(t *testing.T) {
	h := open(t, Config{Linger: 50 * time.Millisecond})
	packets := film(t)
	cycle := func(i int) {
		p := h.publishKey()
		p.send(packets...)
		if i%10 == 0 {
			h.watch().Body.Close()
		}
		if i%3 == 0 {
			p.quit()
		}
		if i%3 == 1 {
			p.nc.(*net.TCPConn).SetLinger(0) // a reset
		}
		p.nc.Close()
		<-p.errs
	}
	idle := func() bool { return h.Stats().Connections == 0 && len(h.Sessions(str)) == 0 }
	cycle(0)
	soon(t, "idle", idle)
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for i := range 1000 {
		cycle(i)
	}
	soon(t, "idle again", func() bool { return idle() && runtime.NumGoroutine() <= goroutines && openFiles(t) <= files })
	if n := len(h.app.reasons()); n != 1001 {
		t.Errorf("app heard of %d ends", n)
	}
	t.Logf("%d goroutines and %d files, before and after 1,000 publishers", goroutines, files)
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(list)
}

// encoder 25: TestStop tells encoders that can to come again, and ends.
func TestStop(t *testing.T) {
	h := open(t, Config{})
	p := h.publishKey()
	p.send(film(t)...)
	resp := h.watch()
	tags(t, resp.Body, 10)
	go func() {
		if err := p.ended(); !errors.Is(err, errAsked) {
			t.Errorf("the encoder was told %v", err)
		}
		p.nc.Close()
	}()
	began := time.Now()
	h.stop()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Errorf("the viewer was cut: %v", err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("stopped after %v", took)
	}
	if got := h.app.reasons(); !slices.Equal(got, []string{app.StreamLost}) {
		t.Errorf("%v", got)
	}
}

// encoder 5: where the key may be.
func TestPublishName(t *testing.T) {
	for _, c := range []struct{ name, app, stream, query, want string }{
		{"the key is the name", "live", "key_a.b", "", "key_a.b"},
		{"with parameters", "live", "key_a.b", "x=1&y=2", "key_a.b?x=1&y=2"},
		{"in the application", "live/key_a.b", "x", "", "key_a.b"},
		{"as a parameter", "live", "str_1", "key=key_a.b", "key_a.b"},
		{"as a parameter of any name, among others", "live", "str_1", "stream=key_a.b&x=1", "key_a.b?x=1"},
		{"no key", "live", "str_1", "", "str_1"},
	} {
		params, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		if got := publishName(rtmp.Target{App: c.app, Stream: c.stream, Params: params}); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSocketReader(t *testing.T) {
	masked := func(op byte, payload string) string {
		b := []byte{0x80 | op, 0x80 | byte(len(payload)), 1, 2, 3, 4}
		for i := range len(payload) {
			b = append(b, payload[i]^b[2+i&3])
		}
		return string(b)
	}
	for _, c := range []struct{ name, in, want string }{
		{"a ping", masked(opPing, "hello"), "9hello"},
		{"chatter is ignored", masked(1, "hi") + masked(opPing, "") + masked(opPong, "x"), "1 9 a"},
		{"the end", masked(opClose, "\x03\xe8"), "8"},
		{"not masked", "\x89\x00", "error"},
		{"reserved bits", "\xc9\x80abcd", "error"},
		{"a long ping", "\x89\xfe\x00\x80abcd", "error"},
		{"a giant", "\x82\xff\x00\x00\x00\x00\x7f\xff\xff\xffabcd", "error"},
		{"one of 16 bits", "\x82\xfe\x00\x02abcdxy", "2"},
	} {
		for _, step := range []int{1, 3, len(c.in)} {
			var f socketReader
			var got []string
			var err error
			for in := []byte(c.in); len(in) > 0 && err == nil; in = in[min(step, len(in)):] {
				err = f.feed(in[:min(step, len(in))], func(op byte, payload []byte) error {
					s := string("0123456789abcdef"[op])
					if op == opPing {
						s += string(payload)
					}
					got = append(got, s)
					return nil
				})
			}
			if err != nil {
				got = []string{"error"}
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%s in steps of %d: %q, want %q", c.name, step, s, c.want)
			}
		}
	}
}

func FuzzSocketReader(f *testing.F) {
	f.Add([]byte("\x89\x85\x01\x02\x03\x04hello"), 3)
	f.Fuzz(func(t *testing.T, b []byte, step int) {
		var r socketReader
		for step = max(1, step); len(b) > 0; b = b[min(step, len(b)):] {
			if err := r.feed(b[:min(step, len(b))], func(byte, []byte) error { return nil }); err != nil {
				return
			}
			if r.left > maxChatter || len(r.body) > maxControl {
				t.Fatalf("%d bytes to come, %d kept", r.left, len(r.body))
			}
		}
	})
}

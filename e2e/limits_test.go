package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	pb "synctv/proto/synctv/v1"
)

// open tries a handshake with these header fields and returns the status of the answer.
func (s *server) open(t *testing.T, path string, header http.Header) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ws, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(s.URL, "http")+path, &websocket.DialOptions{HTTPHeader: header})
	if err == nil {
		ws.CloseNow()
		return http.StatusSwitchingProtocols
	}
	if resp == nil {
		t.Fatalf("no answer: %v", err)
	}
	return resp.StatusCode
}

func TestHandshakeRefusals(t *testing.T) {
	t.Parallel()
	s := startServer(t, "SYNCTV_SERVER_ALLOWED_ORIGINS=https://app.example.org", "SYNCTV_SERVER_HOST=127.0.0.1")
	host := s.owner()
	room, other := host.createRoom(nil), host.createRoom(nil)
	guest := s.guest(other.ID, "Of the other room", "")
	here := "/ws/rooms/" + room.ID
	bearer := func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
	origin := func(o string) http.Header {
		h := bearer(host.token)
		h.Set("Origin", o)
		return h
	}
	truncated, flipped := host.token[:len(host.token)-1], []byte(host.token)
	flipped[len(flipped)/2] ^= 1
	hostport := strings.TrimPrefix(s.URL, "http://")
	for _, c := range []struct {
		name   string
		path   string
		header http.Header
		want   int
	}{
		{"a program without Origin", here, bearer(host.token), 101},
		{"our own page", here, origin(s.URL), 101},
		{"a page that may", here, origin("https://app.example.org"), 101},
		{"ABUSE-108 foreign", here, origin("https://evil.example"), 403},
		{"ABUSE-108 null", here, origin("null"), 403},
		{"ABUSE-108 look-alike that begins like ours", here, origin("http://" + hostport + ".evil.example"), 403},
		{"ABUSE-108 look-alike that ends like one who may", here, origin("https://evilapp.example.org"), 403},
		{"ABUSE-108 one who may, without TLS", here, origin("http://app.example.org"), 403},
		{"ABUSE-108 one who may, another port", here, origin("https://app.example.org:8443"), 403},
		{"ABUSE-108 another port of ours", here, origin("http://127.0.0.1:1"), 403},
		{"ABUSE-108 ours as user name", here, origin("http://" + hostport + "@evil.example"), 403},
		{"ABUSE-108 a file", here, origin("file://"), 403},
		{"ABUSE-110 no token", here, nil, 401},
		{"ABUSE-110 empty token", here, bearer(""), 401},
		{"ABUSE-110 garbage", here, bearer("garbage"), 401},
		{"ABUSE-110 no bearer", here, http.Header{"Authorization": {"Basic cm9vdDpyb290"}}, 401},
		{"ABUSE-110 cut off", here, bearer(truncated), 401},
		{"ABUSE-110 one bit wrong", here, bearer(string(flipped)), 401},
		{"ABUSE-110 a token in the query", here + "?token=" + host.token + "&access_token=" + host.token, nil, 401},
		{"ABUSE-110 garbage ticket", here + "?ticket=garbage", nil, 401},
		{"ABUSE-110 a token as ticket", here + "?ticket=" + host.token, nil, 401},
		{"ABUSE-110 bad ticket beside a good token", here + "?ticket=garbage", bearer(host.token), 401},
		{"no such path", "/ws/room", bearer(host.token), 404},
		{"no room", "/ws/rooms/", bearer(host.token), 404},
		{"ABUSE-113 path below a room", here + "/../" + room.ID + "/x", bearer(host.token), 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.open(t, c.path, c.header); got != c.want {
				t.Errorf("answered %d, want %d", got, c.want)
			}
		})
	}
	for name, c := range map[string]struct {
		who  *client
		room string
		code string
	}{
		"ABUSE-113 guest of another room": {guest, room.ID, "not_found"},
		"ABUSE-113 unknown room":          {host, "room_00000000000000000000000000", "not_found"},
		"ABUSE-113 not a room":            {host, "x", "not_found"},
		"ABUSE-113 odd characters":        {host, "%00%0d%0a", "not_found"},
	} {
		if _, err := c.who.tryDial(c.room, dialOptions{}); refusal(err) != c.code {
			t.Errorf("%s: %v, want a goodbye with %s", name, err, c.code)
		}
	}
}

// TestTickets is ABUSE-110: a ticket is for one socket, one room and half a minute.
func TestTickets(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	host := s.owner()
	room, other := host.createRoom(nil), host.createRoom(nil)
	ticket := func(c *client) string {
		var tk struct{ Ticket string }
		c.must("POST", "/api/v1/tickets", map[string]any{"roomId": room.ID}, &tk)
		return tk.Ticket
	}
	check := func(what string, room, ticket string, want int) {
		t.Helper()
		if _, status := dialTicket(t, s, room, ticket); status != want {
			t.Errorf("%s: %d, want %d", what, status, want)
		}
	}
	old, made := ticket(host), time.Now()
	once := ticket(host)
	check("first use", room.ID, once, 101)
	check("second use", room.ID, once, 401)
	wrong := ticket(host)
	check("other room", other.ID, wrong, 401)
	check("own room, after it was shown in another", room.ID, wrong, 401)
	check("cut off", room.ID, ticket(host)[1:], 401)
	check("other case", room.ID, strings.ToUpper(ticket(host)), 401)
	gone := s.register("ana")
	gone.must("POST", "/api/v1/rooms/"+room.ID+"/join", map[string]any{}, nil)
	kept := ticket(gone)
	gone.must("POST", "/api/v1/auth/logout", map[string]any{}, nil)
	check("made before signing out", room.ID, kept, 401)
	if err := s.stranger().call("POST", "/api/v1/tickets", map[string]any{"roomId": room.ID}, nil); refusal(err) != "unauthenticated" {
		t.Errorf("a ticket for nobody: %v", err)
	}
	time.Sleep(time.Until(made.Add(31 * time.Second))) // a ticket lives for thirty seconds
	check("too old", room.ID, old, 401)
}

func (s *socket) sendRaw(data []byte) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Second)
	defer cancel()
	kind := websocket.MessageText
	if s.binary {
		kind = websocket.MessageBinary
	}
	return s.ws.Write(ctx, kind, data)
}

func TestSocketLimits(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	host := s.owner()
	room := host.createRoom(nil)
	other := host.dial(room.ID, dialOptions{})
	for _, c := range []struct {
		name string
		bad  func(*socket) error
		code int
		word string
		back bool
	}{
		{"ABUSE-103 a message of 64 KiB and a byte", func(w *socket) error { return w.sendRaw(make([]byte, 64<<10+1)) }, 1009, "protocol_error", false},
		{"ABUSE-106 a flood of messages", func(w *socket) error {
			for range 2000 {
				if w.sendRaw([]byte(`{"ping":{"t0":1}}`)) != nil {
					return nil
				}
			}
			return nil
		}, 4429, "rate_limited", true},
		{"ABUSE-106 a flood of nonsense", func(w *socket) error {
			for range 2000 {
				if w.sendRaw([]byte(`nonsense`)) != nil {
					return nil
				}
			}
			return nil
		}, 4429, "rate_limited", true},
		{"text that is not UTF-8", func(w *socket) error { return w.sendRaw([]byte{0xff, 0xfe}) }, 1007, "protocol_error", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.guest(room.ID, "Flood", "").dial(room.ID, dialOptions{})
			w.t = t
			go c.bad(w)
			code, bye := w.closed(10 * time.Second)
			if int(code) != c.code || bye.GetCode() != c.word || bye.GetMayReturn() != c.back || bye.GetMessage() == "" {
				t.Errorf("closed with %d and %v, want %d %s", code, bye, c.code, c.word)
			}
		})
	}
	t.Run("a message of 64 KiB is read", func(t *testing.T) {
		w := s.guest(room.ID, "Big", "").dial(room.ID, dialOptions{})
		text := `{"id":7,"chat":{"text":"` + strings.Repeat("x", 64<<10-27) + `"}}`
		if err := w.sendRaw([]byte(text)); err != nil || len(text) != 64<<10 {
			t.Fatal(err, len(text))
		}
		m := w.next("the refusal", func(m *pb.ServerMessage) bool { return m.GetRefusal() != nil })
		if m.GetRefusal().Id != 7 || m.GetRefusal().Error.Code != "invalid_argument" {
			t.Errorf("got %v", m)
		}
	})
	other.say("unaffected", "1")
}

// TestSlowReaderIsCut is ABUSE-107: somebody stops reading in a busy room. They are cut with a word why; nobody else notices.
func TestSlowReaderIsCut(t *testing.T) {
	t.Parallel()
	s := startServer(t, "SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.0/8", "SYNCTV_LOG_LEVEL=warn")
	host := s.owner()
	room := host.createRoom(nil)
	watcher := newTalker(s.guest(room.ID, "Watcher", ""), room.ID)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { watcher.stay(ctx) })

	tiny := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			err = c.(*net.TCPConn).SetReadBuffer(32 << 10)
		}
		return c, err
	}}}
	slow, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/ws/rooms/"+room.ID, &websocket.DialOptions{HTTPClient: tiny,
		Subprotocols: []string{"synctv.v1.json"}, HTTPHeader: http.Header{"Authorization": {"Bearer " + s.guest(room.ID, "Slow", "").token}}})
	if err != nil {
		t.Fatal(err)
	}
	defer slow.CloseNow()
	slow.SetReadLimit(-1)

	const people, each = 140, 10 // so much one may say at once
	text := strings.Repeat("x", 1900)
	var talk sync.WaitGroup
	for i := range people {
		var tok tokensJSON
		s.from(fmt.Sprint("203.0.113.", i)).must("POST", "/api/v1/rooms/"+room.ID+"/guests", map[string]any{"name": fmt.Sprint("Guest ", i)}, &tok)
		g := s.as(tok)
		talk.Go(func() {
			for range each {
				if err := g.call("POST", "/api/v1/rooms/"+room.ID+"/messages", map[string]any{"text": text}, nil); err != nil {
					t.Errorf("guest %d: %v", i, err)
				}
			}
		})
	}
	eventually(t, 60*time.Second, func() error { // more than a queue and the kernel hold; the server tries for five seconds to say goodbye
		watcher.mu.Lock()
		defer watcher.mu.Unlock()
		if len(watcher.seen) < 700 {
			return fmt.Errorf("%d messages were said", len(watcher.seen))
		}
		return nil
	})
	began, n, bye := time.Now(), 0, ""
	for err == nil { // what the kernel held, and then the server's last word
		var data []byte
		if _, data, err = slow.Read(t.Context()); strings.Contains(string(data), "goodbye") {
			bye = string(data)
		}
		n++
	}
	if took := time.Since(began); closeStatus(err) == -1 && took > 3*time.Second {
		t.Logf("this machine is too slow to hear the goodbye: %v", took)
	} else if closeStatus(err) != 4414 || !strings.Contains(bye, "too_slow") || !strings.Contains(bye, "mayReturn") {
		t.Errorf("the one who did not read was told %q: %v", bye, err)
	}
	eventually(t, 10*time.Second, func() error {
		sock := host.dial(room.ID, dialOptions{})
		defer sock.ws.CloseNow()
		for _, p := range sock.Welcome.Snapshot.GetPeople() {
			if p.Name == "Slow" {
				return fmt.Errorf("the one who does not read is still there")
			}
		}
		return nil
	})
	left := time.Since(began)
	talk.Wait()
	eventually(t, 10*time.Second, func() error {
		watcher.mu.Lock()
		defer watcher.mu.Unlock()
		if len(watcher.seen) != people*each || len(watcher.faults) > 0 || watcher.welcomes != 1 {
			return fmt.Errorf("the one who reads has %d messages of %d, %v, %d connections", len(watcher.seen), people*each, watcher.faults, watcher.welcomes)
		}
		return nil
	})
	t.Logf("cut with %d after %d frames, gone from the list after %v; the other got all %d messages in one connection",
		closeStatus(err), n, left.Round(time.Millisecond), people*each)
}

// TestConnectionsPerAddress is ABUSE-90 at the socket: who claims to speak for others counts as one, unless they are trusted.
func TestConnectionsPerAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, trusted string
		want          int
	}{
		{"nobody is trusted", "192.0.2.0/24", 3},
		{"the proxy is trusted", "127.0.0.0/8", 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startServer(t, "SYNCTV_REALTIME_MAX_PER_ADDRESS=3", "SYNCTV_SERVER_TRUSTED_PROXIES="+c.trusted)
			host := s.owner()
			room := host.createRoom(nil)
			opened := 0
			for i := range 8 {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				ws, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(s.URL, "http")+"/ws/rooms/"+room.ID, &websocket.DialOptions{HTTPHeader: http.Header{
					"Authorization": {"Bearer " + host.token}, "X-Forwarded-For": {fmt.Sprint("203.0.113.", i)}}})
				cancel()
				if err == nil {
					defer ws.CloseNow()
					opened++
				} else if resp == nil || resp.StatusCode != http.StatusTooManyRequests {
					t.Errorf("socket %d: %v", i, err)
				}
			}
			if opened != c.want {
				t.Errorf("%d sockets opened, want %d", opened, c.want)
			}
		})
	}
}

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	pb "synctv/proto/synctv/v1"
)

// slowFilm is an origin whose film takes a minute to come.
func slowFilm(t *testing.T) *httptest.Server {
	film := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		w.Header().Set("Content-Length", "600000")
		for range 600 {
			if _, err := w.Write(make([]byte, 1000)); err != nil || r.Context().Err() != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}))
	t.Cleanup(film.Close)
	return film
}

// download begins to fetch an item of the room through the server's proxy and reads on in the background.
func (c *client) download(room string) {
	c.t.Helper()
	var list struct{ Media []struct{ ID string } }
	c.must("GET", "/api/v1/rooms/"+room+"/media", nil, &list)
	var src struct {
		Variants []struct {
			URL     string
			Proxied bool
		}
	}
	c.must("GET", "/api/v1/rooms/"+room+"/media/"+list.Media[0].ID+"/source", nil, &src)
	i := slices.IndexFunc(src.Variants, func(v struct {
		URL     string
		Proxied bool
	}) bool {
		return v.Proxied
	})
	if i < 0 {
		c.t.Fatalf("no way through the proxy: %+v", src)
	}
	resp, err := http.Get(c.base + src.Variants[i].URL)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { resp.Body.Close() })
	if _, err := io.ReadFull(resp.Body, make([]byte, 500)); err != nil || resp.StatusCode != http.StatusOK {
		c.t.Fatalf("the download answers %s: %v", resp.Status, err)
	}
	go io.Copy(io.Discard, resp.Body)
}

// farewells is what the people of a room were told when the server went.
type farewells struct {
	mu    sync.Mutex
	retry []uint32
	acked map[string]bool
	wrong []string
}

// talkUntilClosed says something now and then, and notes how the server ends the connection.
func (f *farewells) talkUntilClosed(s *socket, name string) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	go func() {
		for n := 1; ctx.Err() == nil && n <= 8; n++ {
			if s.send(chatMessage(uint32(n), fmt.Sprintf("%s-%d", name, n))) != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	var bye *pb.Goodbye
	for {
		m, err := s.read(ctx)
		f.mu.Lock()
		switch {
		case err != nil:
			if code := closeStatus(err); code != 1012 || bye.GetCode() != "restarting" || !bye.GetMayReturn() {
				f.wrong = append(f.wrong, fmt.Sprintf("%s: closed with %d after %v: %v", name, code, bye, err))
			}
			f.retry = append(f.retry, bye.GetRetryAfterMs())
		case m.GetGoodbye() != nil:
			bye = m.GetGoodbye()
		case m.GetAck().GetMessage() != nil:
			f.acked[m.GetAck().Message.ClientId] = true
		}
		f.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// TestDrain ends a server in which 200 people talk and somebody downloads slowly: I12 of the fault plan.
func TestDrain(t *testing.T) {
	t.Parallel()
	const seconds, people = 6, 200
	film := slowFilm(t)
	s := startServer(t, fmt.Sprint("SYNCTV_SERVER_SHUTDOWN_DRAIN_TIMEOUT_SECONDS=", seconds), "SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.0/8",
		"SYNCTV_MEDIA_ALLOW_PRIVATE=127.0.0.1/32", fixedPort(t))
	host := s.owner()
	room := host.createRoom(map[string]any{"media": []any{map[string]any{"url": film.URL + "/film.mp4", "title": "Film", "delivery": "DELIVERY_PROXY"}}})
	f := &farewells{acked: map[string]bool{}}
	var wg sync.WaitGroup
	for i := range people {
		var tok tokensJSON
		s.from(fmt.Sprint("203.0.113.", i%250)).must("POST", "/api/v1/rooms/"+room.ID+"/guests", map[string]any{"name": fmt.Sprint("Guest ", i)}, &tok)
		sock := s.as(tok).dial(room.ID, dialOptions{binary: i%2 == 0})
		if i >= 180 { // a few talk, or everybody gets 200 times 200 messages
			wg.Go(func() { f.talkUntilClosed(sock, fmt.Sprint("talker", i)) })
			continue
		}
		wg.Go(func() { (&farewells{}).merge(f, sock, fmt.Sprint("listener", i)) })
	}
	host.download(room.ID)
	time.Sleep(300 * time.Millisecond) // people are to be in the middle of talking
	ready := watchReadiness(s)
	took := s.term()
	wg.Wait()
	answers := <-ready
	if code := s.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took > (seconds+2)*time.Second {
		t.Errorf("ended after %v, %d s are configured", took, seconds)
	}
	if !strings.HasPrefix(answers, "503") || strings.Contains(answers, "200@") {
		t.Errorf("readiness during the drain: %s", answers)
	}
	f.check(t, people)
	t.Logf("ended %v after SIGTERM, exit code 0; readiness: %.60s…; %d goodbyes, retry after %d to %d ms with %d values; %d acknowledged",
		took.Round(time.Millisecond), answers, len(f.retry), f.retry[0], f.retry[len(f.retry)-1], len(slices.Compact(slices.Clone(f.retry))), len(f.acked))
	s.start()
	there := map[string]int{}
	for _, m := range history(t, host, room.ID) {
		there[m.ClientID]++
	}
	for id := range f.acked {
		if there[id] != 1 {
			t.Errorf("%s was acknowledged and is there %d times", id, there[id])
		}
	}
}

// merge listens without talking and adds what it heard to the others.
func (mine *farewells) merge(f *farewells, s *socket, name string) {
	var bye *pb.Goodbye
	_, err := s.tryNext(30*time.Second, func(m *pb.ServerMessage) bool {
		if g := m.GetGoodbye(); g != nil {
			bye = g
		}
		return false
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	if code := closeStatus(err); code != 1012 || bye.GetCode() != "restarting" || !bye.GetMayReturn() {
		f.wrong = append(f.wrong, fmt.Sprintf("%s: closed with %d after %v: %v", name, code, bye, err))
	}
	f.retry = append(f.retry, bye.GetRetryAfterMs())
}

func (f *farewells) check(t *testing.T, people int) {
	t.Helper()
	for i, w := range f.wrong {
		if i < 5 {
			t.Error(w)
		}
	}
	slices.Sort(f.retry)
	if different := len(slices.Compact(slices.Clone(f.retry))); len(f.retry) != people || different < people/2 {
		t.Errorf("%d goodbyes with %d different times to come back", len(f.retry), different)
	}
	if len(f.acked) == 0 {
		t.Error("nothing was acknowledged")
	}
}

// watchReadiness asks all the time whether the server is ready, from its first signs of draining to its end.
func watchReadiness(s *server) <-chan string {
	said := make(chan string, 1)
	go func() {
		var answers []string
		began := time.Now()
		for {
			resp, err := http.Get(s.URL + "/health/ready")
			if err != nil {
				said <- strings.Join(answers, " ")
				return
			}
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK && time.Since(began) < 200*time.Millisecond {
				continue // the signal has not arrived yet
			}
			answers = append(answers, fmt.Sprintf("%d@%v", resp.StatusCode, time.Since(began).Round(10*time.Millisecond)))
			time.Sleep(50 * time.Millisecond)
		}
	}()
	return said
}

// fds counts what the process has open.
func (s *server) fds() int {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(entries)
}

// TestNothingLeaks connects and goes away in every manner, 500 times: I7 of the fault plan.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	host := s.owner()
	room := host.createRoom(nil)
	host.dial(room.ID, dialOptions{}).ws.CloseNow()
	request := "GET /ws/rooms/" + room.ID + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	http.DefaultClient.CloseIdleConnections()
	baseline := 0
	eventually(t, 10*time.Second, func() error { // until what the start left behind is gone
		if n := s.fds(); n != baseline {
			baseline = n
			return fmt.Errorf("%d files are open", n)
		}
		time.Sleep(300 * time.Millisecond)
		if s.fds() != baseline {
			return fmt.Errorf("%d files are open", baseline)
		}
		return nil
	})
	for i := range 500 {
		switch i % 5 {
		case 0:
			host.dial(room.ID, dialOptions{}).ws.Close(1000, "bye")
		case 1:
			host.dial(room.ID, dialOptions{binary: true}).ws.CloseNow()
		case 2:
			leaveRaw(t, s, request) // in the middle of the handshake
		case 3:
			leaveRaw(t, s, request+"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer "+host.token+"\r\n\r\n")
		case 4:
			leaveRaw(t, s, "P")
		}
	}
	began, after := time.Now(), 0
	eventually(t, 20*time.Second, func() error {
		if after = s.fds(); after > baseline+1 {
			return fmt.Errorf("%d files are open, %d were before", after, baseline)
		}
		return nil
	})
	t.Logf("%d files open before, %d after 500 connections (%v later)", baseline, after, time.Since(began).Round(10*time.Millisecond))
	var seen roomJSON
	eventually(t, 10*time.Second, func() error {
		host.must("GET", "/api/v1/rooms/"+room.ID, nil, &seen)
		if seen.Online != 0 {
			return fmt.Errorf("%d people are said to be there", seen.Online)
		}
		return nil
	})
}

// leaveRaw writes bytes, waits for an answer when they are a whole request, and resets the connection.
func leaveRaw(t *testing.T, s *server, text string) {
	t.Helper()
	c, err := net.Dial("tcp", "127.0.0.1:"+s.port())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.(*net.TCPConn).SetLinger(0)
	if _, err := io.WriteString(c, text); err != nil {
		t.Error(err)
	}
	if strings.HasSuffix(text, "\r\n\r\n") {
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "101") {
			t.Errorf("answered %q: %v", line, err)
		}
	}
}

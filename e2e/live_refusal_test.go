package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"synctv/mediad/rtmp"
)

const keyRefused = "This stream key is not valid. Copy the key again"

// caller is an encoder or player of ours.
type caller struct {
	*rtmp.Client
	nc   net.Conn
	rest []byte // was read and not looked at yet
}

// until follows the server to an event, or to the error that comes before.
func (c *caller) until(want rtmp.EventKind) (rtmp.Event, error) {
	buf := make([]byte, 16<<10)
	for {
		if len(c.rest) == 0 {
			c.nc.Write(c.TakeOutput())
			n, err := c.nc.Read(buf)
			if err != nil {
				return rtmp.Event{}, err
			}
			c.rest = buf[:n]
		}
		ev, rest, err := c.Feed(c.rest)
		if c.rest = rest; err != nil || ev.Kind == want {
			return ev, err
		}
	}
}

// soon is until, within five seconds.
func (c *caller) soon(want rtmp.EventKind) error {
	c.nc.SetDeadline(time.Now().Add(5 * time.Second))
	defer c.nc.SetDeadline(time.Time{})
	_, err := c.until(want)
	return err
}

// knock returns when the server has said yes, or how it said no. The connection is closed when the test ends.
func (s *liveServer) knock(name string, publish bool) (*caller, error) {
	s.t.Helper()
	a, err := rtmp.ParseAddress(s.rtmp + "/" + name)
	if err != nil {
		s.t.Fatal(err)
	}
	nc, err := net.Dial("tcp", a.Host)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { nc.Close() })
	c, err := rtmp.NewClient(rtmp.ClientConfig{Address: a, Publish: publish})
	if err != nil {
		s.t.Fatal(err)
	}
	want := rtmp.EventPlay
	if publish {
		want = rtmp.EventPublish
	}
	call := &caller{Client: c, nc: nc}
	return call, call.soon(want)
}

// refused is the code and the words with which RTMP says no.
func refused(err error) (code, words string) {
	var status *rtmp.Status
	if errors.As(err, &status) {
		return status.Code, status.Description
	}
	return fmt.Sprint(err), ""
}

// TestLiveKeysThatDoNotHold: whatever is wrong with a key, an encoder is told before the start, in the same words.
func TestLiveKeysThatDoNotHold(t *testing.T) {
	t.Parallel()
	s := startLive(t)
	made, foreign, deleted := s.stream("VISIBILITY_PRIVATE"), s.stream("VISIBILITY_UNLISTED"), s.stream("VISIBILITY_UNLISTED")
	key := func(of madeStream, body map[string]any) (k keyJSON) {
		s.admin.must("POST", "/api/v1/streams/"+of.Stream.ID+"/keys", body, &k)
		return k
	}
	at := "/api/v1/streams/" + made.Stream.ID
	expired, once, revoked := key(made, map[string]any{"ttlSeconds": 1}), key(made, map[string]any{"singleUse": true}), key(made, map[string]any{})
	c, err := s.knock(once.Secret, true)
	if err != nil {
		t.Fatalf("a single-use key, the first time: %v", err)
	}
	c.Stop()
	c.nc.Write(c.TakeOutput())
	c.nc.Close()
	// A key that is revoked ends who publishes with it.
	if c, err = s.knock(revoked.Secret, true); err != nil {
		t.Fatal(err)
	}
	s.admin.must("DELETE", at+"/keys/"+revoked.ID, nil, nil)
	if code, words := refused(c.soon(rtmp.EventStop)); code != rtmp.CodePublishBadName || words == "" {
		t.Errorf("who publishes with a key that is revoked is told %s %q", code, words)
	}
	s.admin.must("DELETE", "/api/v1/streams/"+deleted.Stream.ID, nil, nil)
	var token struct{ Token string }
	s.admin.must("POST", at+"/tokens", map[string]any{}, &token)
	secret := func(k keyJSON) string { _, secret, _ := strings.Cut(k.Secret, "."); return secret }
	time.Sleep(1100 * time.Millisecond) // the shortest life of a key
	for _, c := range []struct {
		name, key string
		ffmpeg    bool
	}{
		{"expired", expired.Secret, true},
		{"used up", once.Secret, true},
		{"revoked", revoked.Secret, true},
		{"of another stream", made.Key.ID + "." + secret(foreign.Key), true},
		{"of a deleted stream", deleted.Key.Secret, false},
		{"a play token", token.Token, false},
		{"the id of a key", made.Key.ID, false},
		{"as a parameter", made.Stream.ID + "?key=" + expired.Secret, false},
	} {
		_, err := s.knock(c.key, true)
		if code, words := refused(err); code != rtmp.CodePublishBadName || !strings.HasPrefix(words, keyRefused) {
			t.Errorf("%s: %s %q", c.name, code, words)
		}
		if !c.ffmpeg {
			continue
		}
		e := s.encode(s.rtmp+"/"+c.key, "-f", "lavfi", "-i", "sine", "-c:a", "aac")
		select {
		case <-e.done:
		case <-time.After(15 * time.Second):
			t.Errorf("%s: ffmpeg goes on", c.name)
			e.kill()
		}
		if e.cmd.ProcessState.Success() || !strings.Contains(e.stderr.String(), keyRefused) {
			t.Errorf("%s: ffmpeg does not say why:\n%s", c.name, e.stderr)
		}
	}
	if st := s.state(made.Stream.ID); st.State == "STREAM_STATE_LIVE" {
		t.Errorf("%+v", st)
	}
	if _, err := s.knock(made.Key.Secret, true); err != nil {
		t.Errorf("the key that holds: %v", err)
	}
	for _, k := range []keyJSON{made.Key, foreign.Key, expired, once, revoked} {
		if strings.Contains(s.logs.String(), secret(k)) {
			t.Error("the log has a secret")
		}
	}
}

// viewing is somebody who watches; ended gets how that ended.
type viewing struct {
	name  string
	got   *atomic.Int64
	ended <-chan error
}

var errRefusedHere = errors.New("refused")

// watchFLV, watchSocket and watchRTMP are the ways of watching without end. They fail when they are refused.
func (s *liveServer) watchFLV(id, token string) (viewing, error) {
	status, got, ended := watch(s.t, s.URL+"/live/"+id+".flv"+token)
	if status != http.StatusOK {
		<-ended
		if status < 400 || status >= 500 || got.Load() > 500 {
			s.t.Errorf("FLV with %q: status %d and %d bytes", token, status, got.Load())
		}
		return viewing{}, errRefusedHere
	}
	return viewing{"FLV", got, ended}, nil
}

func (s *liveServer) watchSocket(id, token string) (viewing, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 15*time.Second)
	defer cancel()
	c, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(s.URL, "http")+"/live/"+id+".flv"+token, nil)
	if err != nil {
		if resp == nil || resp.StatusCode < 400 || resp.StatusCode >= 500 {
			s.t.Errorf("WebSocket with %q: %v", token, err)
		}
		return viewing{}, errRefusedHere
	}
	s.t.Cleanup(func() { c.CloseNow() })
	c.SetReadLimit(8 << 20)
	got, ended := new(atomic.Int64), make(chan error, 1)
	go func() {
		for {
			_, b, err := c.Read(s.t.Context())
			if err != nil {
				ended <- err
				return
			}
			got.Add(int64(len(b)))
		}
	}()
	return viewing{"WebSocket", got, ended}, nil
}

func (s *liveServer) watchRTMP(id, token string) (viewing, error) {
	c, err := s.knock(id+token, false)
	if err != nil {
		if code, words := refused(err); code != rtmp.CodePlayNotFound && code != rtmp.CodePlayFailed || words == "" {
			s.t.Errorf("RTMP with %q: %s %q", token, code, words)
		}
		return viewing{}, errRefusedHere
	}
	got, ended := new(atomic.Int64), make(chan error, 1)
	go func() {
		for {
			ev, err := c.until(rtmp.EventMedia)
			if err != nil {
				ended <- err
				return
			}
			got.Add(int64(len(ev.Message.Payload)))
		}
	}()
	return viewing{"RTMP", got, ended}, nil
}

// endless are the ways of watching that do not end by themselves.
func (s *liveServer) endless() []func(id, token string) (viewing, error) {
	return []func(id, token string) (viewing, error){s.watchFLV, s.watchSocket, s.watchRTMP}
}

// children are the addresses of HLS that a token opens, without their query: playlists, inits, segments and parts.
func (s *liveServer) children(id, token string) (paths []string) {
	s.t.Helper()
	seen := map[string]bool{"index.m3u8": true}
	for _, uris := range s.playlists(s.URL + "/live/" + id + "/index.m3u8" + token) {
		for _, uri := range uris {
			path, query, _ := strings.Cut(uri, "?")
			if "?"+query != token && query != "" || query == "" && token != "" {
				s.t.Errorf("%s does not have %s", uri, token)
			}
			seen[path] = true
		}
	}
	kinds := map[string]bool{}
	for path := range seen {
		paths = append(paths, path)
		kinds[path[strings.LastIndex(path, ".")+1:]] = true
	}
	if len(paths) < 8 || !kinds["m3u8"] || !kinds["mp4"] || !kinds["m4s"] {
		s.t.Errorf("only %v", paths)
	}
	return paths
}

// TestLivePrivateOnEveryWire: nothing without a token, or with one that is made up, of another stream, expired or
// revoked; everything with one that holds; and what is open ends with its token.
func TestLivePrivateOnEveryWire(t *testing.T) {
	t.Parallel()
	s := startLive(t)
	made, foreign := s.stream("VISIBILITY_PRIVATE"), s.stream("VISIBILITY_PRIVATE")
	id := made.Stream.ID
	token := func(of madeStream, seconds int) string {
		var made struct{ Token string }
		s.admin.must("POST", "/api/v1/streams/"+of.Stream.ID+"/tokens", map[string]any{"ttlSeconds": seconds}, &made)
		return "?token=" + url.QueryEscape(made.Token)
	}
	short, born := token(made, 60), time.Now() // the shortest life of a token
	good, others := token(made, 600), token(foreign, 600)
	s.onAir(made)
	var paths []string
	eventually(t, 15*time.Second, func() error {
		if paths = s.children(id, good); len(paths) < 8 {
			return fmt.Errorf("only %v", paths)
		}
		return nil
	})
	closedTo := func(why, token string) {
		t.Helper()
		for i, way := range s.endless() {
			if _, err := way(id, token); err == nil {
				t.Errorf("%s: way %d is open", why, i)
			}
		}
		for _, path := range paths {
			if status, body := get(t, s.URL+"/live/"+id+"/"+path+token); status < 400 || status >= 500 || len(body) > 500 {
				t.Errorf("%s: %s: %d with %d bytes", why, path, status, len(body))
			}
		}
	}
	closedTo("no token", "")
	closedTo("an empty token", "?token=")
	closedTo("made up", "?token=pt_abc.def")
	closedTo("changed", good[:len(good)-3]+"AAA")
	closedTo("cut off", good[:len(good)-2])
	closedTo("of another stream", others)
	closedTo("the key", "?token="+made.Key.Secret)

	// With a token every address opens: those of this moment, for those of before are gone by and by.
	for _, path := range s.children(id, good) {
		if status, body := get(t, s.URL+"/live/"+id+"/"+path+good); status != http.StatusOK || len(body) == 0 {
			t.Errorf("with the token, %s: %d and %d bytes", path, status, len(body))
		}
	}
	var open, expiring []viewing
	for _, way := range s.endless() {
		for list, token := range map[*[]viewing]string{&open: good, &expiring: short} {
			v, err := way(id, token)
			if err != nil {
				t.Fatal("a token that holds: ", err)
			}
			*list = append(*list, v)
			flows(t, v.got)
		}
	}
	// Revoking the other stream's tokens is nothing to this one.
	s.admin.must("DELETE", "/api/v1/streams/"+foreign.Stream.ID+"/tokens", nil, nil)

	time.Sleep(time.Until(born.Add(60*time.Second + 100*time.Millisecond)))
	closedTo("expired", short)
	for _, v := range expiring {
		if took := endsWithin(t, v.ended, 5*time.Second, func() {}); took < 5*time.Second {
			t.Logf("%s: over by %v after its token's time", v.name, time.Since(born.Add(time.Minute)).Round(time.Millisecond))
		}
	}
	for _, v := range open {
		flows(t, v.got)
	}
	paths = s.children(id, good)
	began := time.Now()
	s.admin.must("DELETE", "/api/v1/streams/"+id+"/tokens", nil, nil)
	status, _ := get(t, s.URL+"/live/"+id+"/"+paths[0]+good)
	if status < 400 || status >= 500 {
		t.Errorf("HLS at once: %d", status)
	}
	for _, v := range open {
		select {
		case <-v.ended:
			t.Logf("%s: over %v after its token was revoked", v.name, time.Since(began).Round(time.Millisecond))
		case <-time.After(time.Until(began.Add(time.Second))):
			t.Errorf("%s goes on a second after its token was revoked", v.name)
		}
	}
	closedTo("revoked", good)
}

// TestLiveKickOnEveryWire: viewers are removed whatever they watch with, and the publisher is told why.
func TestLiveKickOnEveryWire(t *testing.T) {
	t.Parallel()
	s := startLive(t)
	made := s.stream("VISIBILITY_UNLISTED")
	id := made.Stream.ID
	e := s.onAir(made)
	kick := func(session string) { s.admin.must("DELETE", "/api/v1/streams/"+id+"/sessions/"+session, nil, nil) }
	known := map[string]bool{}
	newcomer := func() (session string) {
		t.Helper()
		eventually(t, 10*time.Second, func() error {
			for _, one := range s.sessions(id) {
				if one.Role == "viewer" && !known[one.ID] {
					session, known[one.ID] = one.ID, true
					return nil
				}
			}
			return errors.New("nobody new is listed")
		})
		return session
	}
	for _, way := range s.endless() {
		v, err := way(id, "")
		if err != nil {
			t.Fatal(err)
		}
		flows(t, v.got)
		session := newcomer()
		took := endsWithin(t, v.ended, time.Second, func() { kick(session) })
		t.Logf("%s: removed after %v", v.name, took.Round(time.Millisecond))
	}
	playlist := s.URL + "/live/" + id + "/v.m3u8"
	if status, _ := get(t, playlist); status != http.StatusOK {
		t.Fatal(status)
	}
	kick(newcomer())
	if status, body := get(t, playlist); status != http.StatusForbidden || !strings.Contains(body, "removed") {
		t.Errorf("HLS: %d %s", status, body)
	}
	for _, one := range s.sessions(id) {
		if one.Role == "publisher" {
			kick(one.ID)
		}
	}
	select {
	case <-e.done:
	case <-time.After(5 * time.Second):
		t.Error("the encoder goes on")
	}
	// The same with a client that reads what it is told while it publishes; ffmpeg may be writing.
	c, err := s.knock(made.Key.Secret, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range s.sessions(id) {
		if one.Role == "publisher" {
			kick(one.ID)
		}
	}
	if code, words := refused(c.soon(rtmp.EventStop)); code != rtmp.CodePublishBadName || words != "You were removed from this stream." {
		t.Errorf("the encoder was told %s %q", code, words)
	}
}

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// liveTarget is a server that takes what is published and gives it out.
type liveTarget struct {
	name    string
	pids    func() []int // its processes
	publish []string     // where each stream is published
	rtmp    string       // where the first is played; "" for not
	flv     string
	hls     string // its media playlist of pictures
	close   func()
}

// usage adds up what its processes took and hold.
func (t *liveTarget) usage() (sum procUsage, err error) {
	for _, pid := range t.pids() {
		u, err := usageOf(pid)
		if err != nil {
			return sum, err
		}
		sum.CPU += u.CPU
		sum.RSS += u.RSS
	}
	return sum, nil
}

// streamsEach is how many streams one person may make at once.
const streamsEach = 20

// openSyncTV starts the real program with so many streams, as it comes: HLS with low latency is made of each of them.
func openSyncTV(ctx context.Context, e env, streams int) (*liveTarget, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s, err := newServer(e.program, "SYNCTV_LIVESTREAM_RTMP_HOST=127.0.0.1", "SYNCTV_LIVESTREAM_RTMP_PORT="+port, "SYNCTV_LOG_LEVEL=warn")
	if err != nil {
		return nil, err
	}
	t := &liveTarget{name: "SyncTV", pids: func() []int { return []int{s.pid()} }, close: s.remove}
	if err := t.makeStreams(ctx, s, "rtmp://127.0.0.1:"+port+"/live/", streams); err != nil {
		s.remove()
		return nil, err
	}
	return t, nil
}

func (t *liveTarget) makeStreams(ctx context.Context, s *server, rtmp string, n int) error {
	if _, err := s.start(ctx); err != nil {
		return err
	}
	token, err := s.owner(ctx)
	for i := 0; i < n && err == nil; i++ {
		if i > 0 && i%streamsEach == 0 {
			var person struct{ AccessToken string }
			in := map[string]any{"username": "streamer" + strconv.Itoa(i), "password": "correct horse"}
			if err = s.call(ctx, "", "POST", "/api/v1/auth/register", in, &person); err != nil {
				break
			}
			token = person.AccessToken
		}
		var made struct {
			Stream struct{ ID string }
			Key    struct{ Secret string }
		}
		in := map[string]any{"title": "Bench", "visibility": "VISIBILITY_UNLISTED"}
		if err = s.call(ctx, token, "POST", "/api/v1/streams", in, &made); err != nil {
			break
		}
		if i == 0 {
			at := s.url + "/live/" + made.Stream.ID
			t.rtmp, t.flv, t.hls = rtmp+made.Stream.ID, at+".flv", at+"/v.m3u8"
		}
		t.publish = append(t.publish, rtmp+made.Key.Secret)
	}
	return err
}

func freePort() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	return port, err
}

// playable waits until the first stream's playlist lists something.
func (t *liveTarget) playable(ctx context.Context) error {
	end := time.Now().Add(20 * time.Second)
	for {
		text, err := getText(ctx, t.hls)
		if err == nil && strings.Contains(text, "#EXTINF") {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s has no playlist: %v\n%s", t.name, err, text)
		}
		rest(ctx, 50*time.Millisecond)
	}
}

// getText fetches an address.
func getText(ctx context.Context, address string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", address, resp.Status)
	}
	return string(b), err
}

package mediad

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"synctv/app"
	"synctv/mediad/av"
	"synctv/mediad/flv"
	"synctv/mediad/rtmp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	goodKey = "key_good.secret"
	str     = app.StreamID("str_1")

	otherKey = "key_other.secret"
	other    = app.StreamID("str_2")
)

func streamOf(key string) app.StreamID {
	return map[string]app.StreamID{goodKey: str, otherKey: other}[key]
}

// fakeApp lets in whoever has a key, and whoever has the token "yes", until told otherwise.
type fakeApp struct {
	mu      sync.Mutex
	live    app.Live
	n       int
	closed  bool     // nobody may watch any more
	names   []string // publish names asked about
	online  []app.StreamMedia
	offline []string // reasons
	gone    int      // viewers

	pulls fakePulls

	segments   []app.HLSSegment
	segmentsOf []string // stream and session
}

func (f *fakeApp) Now() app.Time { return app.Time(time.Now().UnixMicro()) }

func (f *fakeApp) AttachLive(l app.Live) func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.live = l
	return func() {}
}

func (f *fakeApp) AdmitConnection(context.Context, app.Origin) (string, error) { return "", nil }

func (f *fakeApp) session(role app.SessionRole) app.StreamSession {
	f.n++
	return app.StreamSession{ID: string(role) + string(rune('0'+f.n)), Role: role}
}

func (f *fakeApp) AdmitPublisher(_ context.Context, _ app.Origin, name string) (app.Publication, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.names = append(f.names, name)
	key, _, _ := strings.Cut(name, "?")
	id := streamOf(key)
	if id == "" {
		return app.Publication{}, app.Errorf(app.CodeUnauthenticated, "Not that key.")
	}
	return app.Publication{Stream: app.Stream{ID: id}, Session: f.session(app.SessionPublisher)}, nil
}

func (f *fakeApp) AdmitViewer(_ context.Context, from app.Origin, id app.StreamID, token string, _ app.Actor) (app.Viewing, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if id != str && id != other || token != "yes" || f.closed {
		return app.Viewing{}, app.Errorf(app.CodeNotFound, "There is no such stream.")
	}
	now, session := f.Now(), f.session(app.SessionViewer)
	session.Protocol = from.Protocol
	return app.Viewing{Stream: app.Stream{ID: id, PullURL: f.pulls.source()}, Issued: now, Until: now.Add(time.Second), Session: session}, nil
}

func (f *fakeApp) KeepViewer(_ context.Context, v app.Viewing) (app.Viewing, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return app.Viewing{}, app.Errorf(app.CodeUnauthenticated, "Not any more.")
	}
	v.Until = f.Now().Add(time.Second)
	return v, nil
}

func (f *fakeApp) ViewerGone(app.Viewing) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone++
}

func (f *fakeApp) StreamOnline(_ context.Context, _ app.StreamID, m app.StreamMedia, _ app.StreamSession) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.online = append(f.online, m)
	return nil
}

func (f *fakeApp) NoteSegment(id app.StreamID, s app.StreamSession, seg app.HLSSegment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.segments = append(f.segments, seg)
	f.segmentsOf = append(f.segmentsOf, string(id)+" "+s.ID)
}

func (f *fakeApp) StreamOffline(_ context.Context, _ app.StreamID, _ app.StreamSession, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.offline = append(f.offline, reason)
}

func (f *fakeApp) reasons() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.offline...)
}

// house is a running door.
type house struct {
	*Server
	t    *testing.T
	app  *fakeApp
	rtmp string // host:port
	web  *httptest.Server
	stop func()
}

func open(t *testing.T, c Config) *house {
	t.Helper()
	return openLogging(t, c, slog.DiscardHandler)
}

func openLogging(t *testing.T, c Config, log slog.Handler, change ...func(*Deps)) *house {
	t.Helper()
	h := &house{t: t, app: &fakeApp{}}
	d := Deps{Control: h.app, Log: slog.New(log),
		WriteError: func(w http.ResponseWriter, _ *http.Request, status int, code, _ string) { http.Error(w, code, status) }}
	for _, f := range change {
		f(&d)
	}
	var err error
	h.Server, err = New(c, d)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.rtmp = ln.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx, ln) }()
	h.web = httptest.NewServer(h)
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		h.web.Close()
	})
	t.Cleanup(h.stop)
	return h
}

// soon waits until f is content.
func soon(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not %s", what)
		}
	}
}

// peer is a connection of the client's side.
type peer struct {
	t    *testing.T
	nc   net.Conn
	errs chan error // how reading ended

	mu     sync.Mutex
	client *rtmp.Client // guarded by mu
}

// dial connects and goes on in the background; it returns when the server has said yes or no.
func (h *house) dial(name string, publish bool) (*peer, error) {
	h.t.Helper()
	nc, err := net.Dial("tcp", h.rtmp)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.talk(nc, name, publish)
}

// talk is dial over a connection that is there.
func (h *house) talk(nc net.Conn, name string, publish bool) (*peer, error) {
	h.t.Helper()
	h.t.Cleanup(func() { nc.Close() })
	a, err := rtmp.ParseAddress("rtmp://" + h.rtmp + "/" + name)
	if err != nil {
		h.t.Fatal(err)
	}
	client, err := rtmp.NewClient(rtmp.ClientConfig{Address: a, Publish: publish, Capabilities: rtmp.Capabilities{CapsEx: rtmp.CapReconnect}})
	if err != nil {
		h.t.Fatal(err)
	}
	p := &peer{t: h.t, nc: nc, client: client, errs: make(chan error, 1)}
	ready := make(chan error, 1)
	go p.read(ready)
	select {
	case err := <-ready:
		return p, err
	case <-time.After(10 * time.Second):
		h.t.Fatal("no answer")
		return nil, nil
	}
}

var errAsked = errors.New("asked to reconnect")

// read follows the server: ready is whether it said yes.
func (p *peer) read(ready chan<- error) {
	buf := make([]byte, 64<<10)
	end := func(err error) {
		select {
		case ready <- err:
		default:
		}
		p.errs <- err
	}
	p.nc.Write(p.client.TakeOutput())
	for {
		n, err := p.nc.Read(buf)
		for b := buf[:n]; ; {
			ev, rest, out, err := p.feed(b)
			switch {
			case err != nil:
				end(err)
				return
			case ev.Kind == rtmp.EventReconnect:
				end(errAsked)
				return
			case ev.Kind == rtmp.EventPublish || ev.Kind == rtmp.EventPlay:
				ready <- nil
			}
			if len(out) > 0 {
				p.nc.Write(out)
			}
			if b = rest; ev.Kind == rtmp.EventNone {
				break
			}
		}
		if err != nil {
			end(err)
			return
		}
	}
}

func (p *peer) feed(b []byte) (rtmp.Event, []byte, []byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ev, rest, err := p.client.Feed(b)
	return ev, rest, p.client.TakeOutput(), err
}

// quit ends publishing politely.
func (p *peer) quit() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.client.Stop()
	p.nc.Write(p.client.TakeOutput())
}

// publishKey is dial for what has to work.
func (h *house) publishKey() *peer {
	h.t.Helper()
	p, err := h.dial("live/"+goodKey, true)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// send writes packets as messages.
func (p *peer) send(packets ...av.Packet) error {
	p.mu.Lock()
	on := p.client.StreamID()
	p.mu.Unlock()
	var b []byte
	for _, pkt := range packets {
		m := rtmp.Message{Type: rtmp.Type(flv.TypeOf(pkt)), Timestamp: flv.Timestamp(pkt), Payload: flv.Body(pkt)}
		b = append(b, rtmp.Prechunk(m).On(on)...)
	}
	p.nc.SetWriteDeadline(time.Now().Add(5 * time.Second))
	_, err := p.nc.Write(b)
	return err
}

// ended waits for how the server ended the connection.
func (p *peer) ended() error {
	p.t.Helper()
	select {
	case err := <-p.errs:
		return err
	case <-time.After(10 * time.Second):
		p.t.Error("the connection goes on")
		return nil
	}
}

// film is what ffmpeg once published: one and a half seconds of picture and sound.
func film(t *testing.T) []av.Packet {
	t.Helper()
	raw, err := os.ReadFile("rtmp/testdata/h264-aac.rtmp")
	if err != nil {
		t.Fatal(err)
	}
	session, d := rtmp.NewSession(rtmp.SessionConfig{}), flv.Decoder{}
	var packets []av.Packet
	for b := raw; ; {
		ev, rest, err := session.Feed(b)
		if err != nil {
			t.Fatal(err)
		}
		switch ev.Kind {
		case rtmp.EventPublish:
			session.Accept()
		case rtmp.EventMedia:
			m := ev.Message
			if packets, err = d.Decode(packets, flv.Tag{Type: flv.Type(m.Type), Timestamp: m.Timestamp, Data: m.Payload}); err != nil {
				t.Fatal(err)
			}
		case rtmp.EventNone:
			return packets
		}
		b = rest
	}
}

// repeat is the film again and again, for so long.
func repeat(packets []av.Packet, long time.Duration) []av.Packet {
	const length = 1500 * time.Millisecond
	var all []av.Packet
	for at := time.Duration(0); at < long; at += length {
		for _, p := range packets {
			if p.Kind == av.Data || p.Config && at > 0 {
				continue
			}
			p.DTS, p.PTS = p.DTS+at, p.PTS+at
			all = append(all, p)
		}
	}
	return all
}

// tags reads an answer of FLV up to n tags of media, and returns how many of each kind came before it ended.
func tags(t *testing.T, body io.Reader, n int) (video, audio, configs int) {
	t.Helper()
	return new(tape).play(t, body, n)
}

// tape is an answer of FLV that is read bit by bit.
type tape struct {
	r *flv.Reader
	d flv.Decoder
}

// play is tags from where it was left.
func (p *tape) play(t *testing.T, body io.Reader, n int) (video, audio, configs int) {
	t.Helper()
	if p.r == nil {
		p.r = flv.NewReader()
	}
	r, d := p.r, &p.d
	buf := make([]byte, 4096)
	for {
		k, err := body.Read(buf)
		for b := buf[:k]; ; {
			tag, rest, err := r.Feed(b)
			if err != nil {
				t.Fatal(err)
			}
			if b = rest; tag.Type == 0 {
				break
			}
			packets, err := d.Decode(nil, tag)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range packets {
				switch {
				case p.Config:
					configs++
				case p.Kind == av.Video:
					video++
				case p.Kind == av.Audio:
					audio++
				}
			}
		}
		if err != nil || video+audio >= n {
			return video, audio, configs
		}
	}
}

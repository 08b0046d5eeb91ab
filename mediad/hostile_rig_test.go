package mediad

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/flv"
	"synctv/mediad/rtmp"
	"synctv/mediad/rtmp/amf"
)

// siege is a house with somebody in it who publishes and somebody who watches that, while others are hostile.
type siege struct {
	*house
	film []av.Packet
	log  *lines

	frames  atomic.Int64 // that the viewer got
	trouble atomic.Value // what happened to the two, a string
	done    sync.WaitGroup
	stop    chan struct{}
}

// lines is what was logged.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// take returns what was logged since the last time.
func (l *lines) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.buf.String()
	l.buf.Reset()
	return s
}

func lay(t *testing.T, c Config) *siege {
	t.Helper()
	s := &siege{film: film(t), log: &lines{}, stop: make(chan struct{})}
	s.house = openLogging(t, c, slog.NewTextHandler(s.log, nil))
	p := s.publishKey()
	s.done.Go(func() { s.publishOn(p) })
	soon(t, "live", func() bool { return len(s.Sessions(str)) == 1 })
	var resp *http.Response
	soon(t, "watched", func() bool { resp = s.watch(); return resp.StatusCode == http.StatusOK })
	s.done.Go(func() { s.watchOn(resp.Body) })
	t.Cleanup(func() {
		close(s.stop)
		p.nc.Close()
		resp.Body.Close()
		s.done.Wait()
	})
	soon(t, "flowing", func() bool { return s.frames.Load() > 20 })
	return s
}

// publishOn sends the film again and again, in time.
func (s *siege) publishOn(p *peer) {
	began := time.Now()
	for _, pkt := range repeat(s.film, 10*time.Minute) {
		select {
		case <-s.stop:
			return
		case <-time.After(time.Until(began.Add(pkt.DTS))):
		}
		if err := p.send(pkt); err != nil {
			s.trouble.Store("the publisher: " + err.Error())
			return
		}
	}
}

func (s *siege) watchOn(body io.Reader) {
	follow(body, func(av.Packet) { s.frames.Add(1) })
	select {
	case <-s.stop:
	default:
		s.trouble.Store("the viewer has ended")
	}
}

// follow reads FLV to its end.
func follow(body io.Reader, frame func(av.Packet)) error {
	r, d, buf := flv.NewReader(), flv.Decoder{}, make([]byte, 16<<10)
	for {
		n, err := body.Read(buf)
		for b := buf[:n]; ; {
			tag, rest, err := r.Feed(b)
			if err != nil {
				return err
			}
			if b = rest; tag.Type == 0 {
				break
			}
			packets, _ := d.Decode(nil, tag)
			for _, p := range packets {
				if !p.Config && p.Kind != av.Data {
					frame(p)
				}
			}
		}
		if err != nil {
			return err
		}
	}
}

// heapPeak measures what is alive, while f runs, beyond what was before, in bytes. It is
// what the collector has found: what is allocated between that and a look at the heap would
// count as well, and is the more the busier the machine is.
func heapPeak(f func()) int64 {
	alive := func() int64 {
		runtime.GC()
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		return int64(live[0].Value.Uint64())
	}
	before := alive()
	stop, peak := make(chan struct{}), make(chan int64, 1)
	go func() {
		var most int64
		for {
			most = max(most, alive())
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	defer close(stop)
	f()
	stop <- struct{}{}
	return <-peak - before
}

// attacker is a connection that is driven by hand.
type attacker struct {
	s  *siege
	t  *testing.T
	nc net.Conn

	// What is sent, again and again in the same place: what an attacker leaves to the collector is found beside what it makes
	// the server hold.
	out     []byte
	reading sync.WaitGroup
	mu      sync.Mutex
	heard   bytes.Buffer  // guarded by mu: the end of what the server said
	over    chan struct{} // closed when the server has closed the connection
}

// attack connects. One that is deaf reads nothing.
func (s *siege) attack(t *testing.T, deaf bool) *attacker {
	t.Helper()
	nc, err := net.Dial("tcp", s.rtmp)
	if err != nil {
		t.Fatal(err)
	}
	a := &attacker{s: s, t: t, nc: nc, over: make(chan struct{})}
	if !deaf {
		a.reading.Go(a.read)
	}
	return a
}

func (a *attacker) read() {
	defer close(a.over)
	buf := make([]byte, 16<<10)
	for {
		n, err := a.nc.Read(buf)
		a.mu.Lock()
		if a.heard.Len() > 64<<10 {
			a.heard.Reset()
		}
		a.heard.Write(buf[:n])
		a.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (a *attacker) said(what string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return bytes.Contains(a.heard.Bytes(), []byte(what))
}

func (a *attacker) hears(what string) {
	a.t.Helper()
	soon(a.t, "heard: "+what, func() bool { return a.said(what) })
}

// closed tells whether the server ends the connection within a time.
func (a *attacker) closed(within time.Duration) bool {
	select {
	case <-a.over:
		return true
	case <-time.After(within):
		return false
	}
}

func (a *attacker) leave() {
	a.nc.Close()
	a.reading.Wait()
}

// raw sends bytes; it reports whether the server still takes them.
func (a *attacker) raw(b ...byte) bool {
	a.nc.SetWriteDeadline(time.Now().Add(15 * time.Second))
	_, err := a.nc.Write(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		a.t.Error("the server neither reads nor closes")
	}
	return err == nil
}

func (a *attacker) text(s string) bool { return a.raw([]byte(s)...) }

// shake does the handshake.
func (a *attacker) shake() { a.raw(append([]byte{3}, make([]byte, 2*1536)...)...) }

// chunk is a chunk with a header of any kind.
type chunk struct {
	format  byte
	id      uint32
	wide    bool // three bytes for an id that needs fewer
	time    uint32
	length  int // -1: of the payload
	typ     rtmp.Type
	stream  uint32
	payload []byte
}

// append appends the chunk to b.
func (c chunk) append(b []byte) []byte {
	switch {
	case c.id >= 320 || c.wide:
		id := c.id - 64
		b = append(b, c.format<<6|1, byte(id), byte(id>>8))
	case c.id >= 64:
		b = append(b, c.format<<6, byte(c.id-64))
	default:
		b = append(b, c.format<<6|byte(c.id))
	}
	n := c.length
	if n < 0 {
		n = len(c.payload)
	}
	if c.format < 3 {
		b = append(b, byte(c.time>>16), byte(c.time>>8), byte(c.time))
	}
	if c.format < 2 {
		b = append(b, byte(n>>16), byte(n>>8), byte(n), byte(c.typ))
	}
	if c.format < 1 {
		b = binary.LittleEndian.AppendUint32(b, c.stream)
	}
	return append(b, c.payload...)
}

// chunks sends chunks as they are.
func (a *attacker) chunks(list ...chunk) bool {
	a.out = a.out[:0]
	for _, c := range list {
		a.out = c.append(a.out)
	}
	return a.raw(a.out...)
}

// message sends a message in sound chunks of 128 bytes.
func (a *attacker) message(typ rtmp.Type, stream, at uint32, payload []byte) bool {
	return a.raw(rtmp.AppendMessage(nil, rtmp.Message{Type: typ, Stream: stream, Timestamp: at, Payload: payload}, 128)...)
}

func (a *attacker) command(stream uint32, name string, transaction float64, args ...amf.Value) bool {
	body := amf.Append(nil, amf.String(name), amf.Number(transaction), amf.Null())
	return a.message(rtmp.TypeCommandAMF0, stream, 0, amf.Append(body, args...))
}

// connect introduces itself, after the handshake.
func (a *attacker) connect() {
	a.t.Helper()
	a.shake()
	a.message(rtmp.TypeCommandAMF0, 0, 0, amf.Append(nil, amf.String("connect"), amf.Number(1),
		amf.Object(amf.P("app", amf.String("live")), amf.P("tcUrl", amf.String("rtmp://h/live")))))
	a.hears("NetConnection.Connect.Success")
}

// publish publishes the second stream.
func (a *attacker) publish() {
	a.t.Helper()
	a.connect()
	a.command(1, "publish", 5, amf.String(otherKey), amf.String("live"))
	a.hears("NetStream.Publish.Start")
}

// send sends packets of the film on the stream that is published.
func (a *attacker) send(packets ...av.Packet) {
	for _, p := range packets {
		a.message(rtmp.Type(flv.TypeOf(p)), 1, flv.Timestamp(p), flv.Body(p))
	}
}

func (a *attacker) video(at uint32, body ...byte) bool { return a.message(rtmp.TypeVideo, 1, at, body) }
func (a *attacker) audio(at uint32, body ...byte) bool { return a.message(rtmp.TypeAudio, 1, at, body) }

// alive tells whether the server still answers: a ping, with a number of its own.
func (a *attacker) alive() bool {
	want := append([]byte{0, 7}, "ping"...)
	a.message(rtmp.TypeUserControl, 0, 0, append([]byte{0, 6}, "ping"...))
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if a.said(string(want)) {
			return true
		}
		if a.closed(0) {
			return false
		}
	}
	return false
}

// dropped is how many packets were not passed on.
func (s *siege) dropped() (n int64) {
	for _, c := range s.Stats().Drops {
		if !strings.HasPrefix(c.Reason, "skipped") {
			n += c.Count
		}
	}
	return n
}

// visit is attack over HTTP, by one that reads nothing.
func (s *siege) visit(t *testing.T, request string) *attacker {
	t.Helper()
	nc, err := net.Dial("tcp", strings.TrimPrefix(s.web.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	a := &attacker{s: s, t: t, nc: nc, over: make(chan struct{})}
	a.text(request)
	return a
}

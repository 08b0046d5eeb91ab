package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"synctv/internal/guard"
	"synctv/mediad/av"
	"synctv/mediad/flv"
	"synctv/mediad/m3u8"
	"synctv/mediad/rtmp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// film is what ffmpeg once published: one and a half seconds of picture and sound.
func film(t testing.TB) []av.Packet {
	t.Helper()
	raw, err := os.ReadFile("../rtmp/testdata/h264-aac.rtmp")
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
		}
		if b = rest; ev.Kind == rtmp.EventNone {
			return packets
		}
	}
}

// opener may reach the hosts it is given, on this machine.
func opener(t testing.TB, c Config, hosts ...string) *Opener {
	t.Helper()
	g, err := guard.New(guard.Config{AllowHosts: hosts}, guard.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	client := g.Client(guard.ClientConfig{HeaderTimeout: 2 * time.Second})
	t.Cleanup(client.CloseIdleConnections)
	if c.Connect == 0 {
		c.Connect = 2 * time.Second
	}
	if c.Idle == 0 {
		c.Idle = 2 * time.Second
	}
	o, err := New(c, Deps{Dial: g.DialContext, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

var errEnough = errors.New("enough")

// take receives until there are n packets.
func take(t testing.TB, o *Opener, address string, n int) (got []av.Packet, err error) {
	t.Helper()
	err = o.Receive(t.Context(), address, func(p av.Packet) error {
		if got = append(got, p); len(got) == n {
			return errEnough
		}
		return nil
	})
	return got, err
}

// TestFLV: what is sent is what comes, and a file does not run through faster than in real time.
func TestFLV(t *testing.T) {
	packets := film(t)
	var body []byte
	body = append(body, flv.Header(true, true)...)
	for i := range 20 {
		for _, p := range packets {
			p.DTS += time.Duration(i) * 1500 * time.Millisecond
			p.PTS += time.Duration(i) * 1500 * time.Millisecond
			body = flv.AppendTag(body, p)
		}
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(body) }))
	defer web.Close()
	o := opener(t, Config{}, hostOf(web.URL))
	got, err := take(t, o, web.URL+"/live.flv", len(packets))
	if !errors.Is(err, errEnough) || got[0].Codec != av.H264 || !got[0].Config {
		t.Errorf("%d packets, %v", len(got), err)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var last time.Duration
	err = o.Receive(ctx, web.URL+"/live.flv", func(p av.Packet) error { last = p.DTS; return nil })
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || last > took+burst+time.Second {
		t.Errorf("%v of media in %v: %v", last, took, err)
	}
	web.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(body[:len(body)/20]) })
	if _, err = take(t, o, web.URL+"/live.flv", 1e6); !says(err, wordsEnded) {
		t.Errorf("the end: %v", err)
	}
}

func says(err error, words string) bool {
	var e *Error
	return errors.As(err, &e) && e.Words == words
}

// raw is a server that does with each connection what serve does.
func raw(t testing.TB, serve func(nc net.Conn)) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			nc.SetDeadline(time.Now().Add(20 * time.Second))
			open.Go(func() { defer nc.Close(); serve(nc) })
		}
	})
	t.Cleanup(func() { ln.Close(); open.Wait() })
	return ln.Addr().String()
}

// drip sends head, and then one byte at a time until the other side has had enough.
func drip(head string, b byte) func(net.Conn) {
	return func(nc net.Conn) {
		io.WriteString(nc, head)
		for {
			if _, err := nc.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// flood sends head, and then the same again and again.
func flood(head, more string) func(net.Conn) {
	return func(nc net.Conn) {
		io.WriteString(nc, head)
		chunk := []byte(strings.Repeat(more, 1+(64<<10)/len(more)))
		for {
			if _, err := nc.Write(chunk); err != nil {
				return
			}
		}
	}
}

const okHead = "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\n"

// TestHostileFLV: each is given up, within the time there is and without memory.
func TestHostileFLV(t *testing.T) {
	header := string(flv.Header(true, true))
	tag := func(size int) string {
		return string([]byte{9, byte(size >> 16), byte(size >> 8), byte(size), 0, 0, 0, 0, 0, 0, 0})
	}
	for _, c := range []struct {
		name  string
		serve func(net.Conn)
		words string
	}{
		{"ABUSE-037 no HTTP", flood("-ERR unknown command\r\n", "x"), wordsAway},
		{"ABUSE-046 one byte at a time", drip(okHead, 0), wordsStrange},
		{"ABUSE-046 a tag, one byte at a time", drip(okHead+header+tag(1<<20), 0), wordsSilent},
		{"ABUSE-048 headers without end", flood("HTTP/1.1 200 OK\r\n", "X-A: b\r\n"), wordsAway},
		{"ABUSE-048 one header line of any length", flood("HTTP/1.1 200 OK\r\nX-A: ", "bbbbbbbbbbbbbbbb"), wordsAway},
		{"ABUSE-048 answers that say to go on", flood("", "HTTP/1.1 103 Early Hints\r\n\r\n"), wordsAway},
		{"ABUSE-048 headers, slowly", drip("HTTP/1.1 200 OK\r\nX: ", 'a'), wordsSilent},
		{"a tag as long as a tag can be", flood(okHead+header+tag(0xffffff), "xxxxxxxxxxxxxxxx"), wordsStrange},
		{"tags without sense", flood(okHead+header, tag(1<<16)+strings.Repeat("\xff", 1<<16+4)), wordsSilent},
		{"tags of script only", flood(okHead+header, string([]byte{18, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 14})), wordsSilent},
		{"ABUSE-133 pictures that cannot be", flood(okHead+header, tag(5)+"\x17\x01\xff\xff\xff"+"\x00\x00\x00\x10"), wordsSilent},
		{"encrypted tags", flood(okHead+header, "\x29\x00\x00\x01"), wordsStrange},
		{"a page", flood("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", "<html>"), wordsStrange},
		{"compressed", flood("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", "x"), wordsStrange},
		{"not found", flood("HTTP/1.1 404 Not Found\r\nContent-Length: 9999999\r\n\r\n", "x"), wordsRefused},
		{"ABUSE-025 leads to a private address", flood("HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/live.flv\r\nContent-Length: 0\r\n\r\n", "x"), wordsAway},
		{"ABUSE-027 leads to a file", flood("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "x"), wordsAway},
		{"closes at once", func(net.Conn) {}, wordsAway},
		{"never answers", func(nc net.Conn) { io.Copy(io.Discard, nc) }, wordsSilent},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			host := raw(t, func(nc net.Conn) {
				nc.Read(make([]byte, 4096)) // an answer before the question is none
				c.serve(nc)
			})
			o := opener(t, Config{Connect: 1500 * time.Millisecond}, host)
			held := memory()
			_, err := take(t, o, "http://"+host+"/live.flv", 1)
			if !says(err, c.words) {
				t.Errorf("%v", err)
			}
			if more := memory() - held; more > 200<<20 { // all of them together
				t.Errorf("%d MiB", more>>20)
			}
		})
	}
}

// memory is what is in use, with what is not collected yet.
func memory() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

// TestForbidden: a source that may not be reached, and one that is not there, are told in the same words (ABUSE-044).
func TestForbidden(t *testing.T) {
	o := opener(t, Config{}, "127.0.0.1:9")
	var all []string
	for _, scheme := range []string{"http", "https", "rtmp", "rtmps"} {
		for _, host := range []string{"10.0.0.1", "127.0.0.1", "127.0.0.1:6379", "[::1]", "169.254.169.254", "localhost", "2130706433", "127.0.0.1:9", "a.invalid", "u:p@127.0.0.1:9"} {
			for _, path := range []string{"/live/x.flv", "/live/x.m3u8"} {
				_, err := take(t, o, scheme+"://"+host+path, 1)
				var e *Error
				if !errors.As(err, &e) || e.Words != wordsAway {
					t.Errorf("%s://%s%s: %v", scheme, host, path, err)
					continue
				}
				all = append(all, e.Words)
			}
		}
	}
	if len(all) != 80 {
		t.Errorf("%d cases", len(all))
	}
}

// server speaks RTMP as far as what a test wants to go wrong.
func server(t testing.TB, play func(nc net.Conn, s *rtmp.Session)) string {
	return raw(t, func(nc net.Conn) {
		s := rtmp.NewSession(rtmp.SessionConfig{})
		buf := make([]byte, 4096)
		for {
			n, err := nc.Read(buf)
			if err != nil {
				return
			}
			for b := buf[:n]; ; {
				ev, rest, err := s.Feed(b)
				if err != nil {
					return
				}
				if ev.Kind == rtmp.EventPlay {
					play(nc, s)
					return
				}
				if b = rest; ev.Kind == rtmp.EventNone {
					break
				}
			}
			nc.Write(s.TakeOutput())
		}
	})
}

func accept(nc net.Conn, s *rtmp.Session) {
	s.Accept()
	nc.Write(s.TakeOutput())
}

func TestRTMP(t *testing.T) {
	packets := film(t)
	host := server(t, func(nc net.Conn, s *rtmp.Session) {
		accept(nc, s)
		for _, p := range packets {
			m := rtmp.Message{Type: rtmp.Type(flv.TypeOf(p)), Timestamp: flv.Timestamp(p), Stream: s.StreamID(), Payload: flv.Body(p)}
			s.Send(m)
		}
		s.EndPlay()
		nc.Write(s.TakeOutput())
		io.Copy(io.Discard, nc)
	})
	got, err := take(t, opener(t, Config{}, host), "rtmp://"+host+"/live/film?token=a", 1e6)
	if !says(err, wordsEnded) {
		t.Error(err)
	}
	n := 0
	for _, p := range packets {
		if p.Kind != av.Data {
			n++
		}
	}
	if len(got) != n {
		t.Errorf("%d packets of %d", len(got), n)
	}
}

// TestRTMPS: by TLS, with a certificate that somebody vouches for.
func TestRTMPS(t *testing.T) {
	web := httptest.NewTLSServer(http.NotFoundHandler())
	defer web.Close()
	packets := film(t)
	play := server(t, func(nc net.Conn, s *rtmp.Session) {
		accept(nc, s)
		for _, p := range packets {
			s.Send(rtmp.Message{Type: rtmp.Type(flv.TypeOf(p)), Timestamp: flv.Timestamp(p), Stream: s.StreamID(), Payload: flv.Body(p)})
		}
		nc.Write(s.TakeOutput())
		io.Copy(io.Discard, nc)
	})
	host := raw(t, func(nc net.Conn) {
		secure := tls.Server(nc, web.TLS)
		inner, err := net.Dial("tcp", play)
		if err != nil {
			return
		}
		defer inner.Close()
		go func() { io.Copy(inner, secure); inner.Close() }()
		io.Copy(secure, inner)
	})
	o := opener(t, Config{}, host)
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	o.deps.TLS = &tls.Config{RootCAs: roots, InsecureSkipVerify: true} // the latter is not for others to say
	if got, err := take(t, o, "rtmps://"+host+"/live/film", 10); !errors.Is(err, errEnough) {
		t.Errorf("%d packets, %v", len(got), err)
	}
	o.deps.TLS.RootCAs = nil
	if _, err := take(t, o, "rtmps://"+host+"/live/film", 10); !says(err, wordsAway) {
		t.Errorf("nobody vouches: %v", err)
	}
}

func TestHostileRTMP(t *testing.T) {
	for _, c := range []struct {
		name  string
		serve func(t *testing.T) string
		words string
	}{
		{"ABUSE-118 a version that is none", func(t *testing.T) string { return raw(t, flood("\x02", "xxxxxxxx")) }, wordsStrange},
		{"ABUSE-118 a handshake, one byte at a time", func(t *testing.T) string { return raw(t, drip("\x03", 0)) }, wordsSilent},
		{"ABUSE-118 nothing", func(t *testing.T) string { return raw(t, func(nc net.Conn) { io.Copy(io.Discard, nc) }) }, wordsSilent},
		{"it is HTTP", func(t *testing.T) string { return raw(t, flood("HTTP/1.1 400 Bad Request\r\n\r\n", "x")) }, wordsStrange},
		{"ABUSE-119 chunks of no size", func(t *testing.T) string {
			return server(t, func(nc net.Conn, s *rtmp.Session) {
				accept(nc, s)
				nc.Write([]byte{2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0})
				io.Copy(io.Discard, nc)
			})
		}, wordsStrange},
		{"ABUSE-120 messages as long as can be, in every chunk stream", func(t *testing.T) string {
			return server(t, func(nc net.Conn, s *rtmp.Session) {
				accept(nc, s)
				for i := byte(3); ; i = max(3, (i+1)%60) {
					if _, err := nc.Write(append([]byte{i, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0}, make([]byte, 128)...)); err != nil {
						return
					}
				}
			})
		}, wordsStrange},
		{"ABUSE-121 a chunk that continues nothing", func(t *testing.T) string {
			return server(t, func(nc net.Conn, s *rtmp.Session) {
				accept(nc, s)
				nc.Write([]byte{0xc8, 1, 2, 3})
				io.Copy(io.Discard, nc)
			})
		}, wordsStrange},
		{"it refuses", func(t *testing.T) string {
			return server(t, func(nc net.Conn, s *rtmp.Session) {
				s.Reject(rtmp.CodePlayNotFound, "<script>")
				nc.Write(s.TakeOutput())
				io.Copy(io.Discard, nc)
			})
		}, wordsRefused},
		{"says yes and sends nothing", func(t *testing.T) string {
			return server(t, func(nc net.Conn, s *rtmp.Session) { accept(nc, s); io.Copy(io.Discard, nc) })
		}, wordsSilent},
		{"pings without end", func(t *testing.T) string {
			return server(t, func(nc net.Conn, s *rtmp.Session) {
				accept(nc, s)
				go io.Copy(io.Discard, nc)
				for n := uint32(0); ; n++ {
					s.Ping(n)
					if _, err := nc.Write(s.TakeOutput()); err != nil {
						return
					}
				}
			})
		}, wordsSilent},
		{"ABUSE-126 a command that claims too much", func(t *testing.T) string {
			return server(t, func(nc net.Conn, s *rtmp.Session) {
				accept(nc, s)
				s.Send(rtmp.Message{Type: rtmp.TypeCommandAMF0, Payload: []byte{0x0c, 0xff, 0xff, 0xff, 0xff}})
				nc.Write(s.TakeOutput())
				io.Copy(io.Discard, nc)
			})
		}, wordsStrange},
		{"ABUSE-036 TLS with a certificate that nobody vouches for", func(t *testing.T) string {
			web := httptest.NewUnstartedServer(http.NotFoundHandler())
			web.Config.ErrorLog = log.New(io.Discard, "", 0)
			web.StartTLS()
			t.Cleanup(web.Close)
			return "tls:" + hostOf(web.URL)
		}, wordsAway},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			host, secure := strings.CutPrefix(c.serve(t), "tls:")
			scheme := "rtmp"
			if secure {
				scheme = "rtmps"
			}
			o := opener(t, Config{Connect: 1500 * time.Millisecond, Idle: time.Second}, host)
			if _, err := take(t, o, scheme+"://"+host+"/live/x", 1); !says(err, c.words) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestHostileHLS: what a playlist tries is refused, and what it names is fetched only where that is allowed.
func TestHostileHLS(t *testing.T) {
	head := "#EXTM3U\n#EXT-X-TARGETDURATION:1\n"
	list := func(lines string) map[string]string { return map[string]string{"/live.m3u8": head + lines} }
	for _, c := range []struct {
		name  string
		files map[string]string
		words string
	}{
		{"ABUSE-065 a list of itself", map[string]string{"/live.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlive.m3u8\n"}, wordsStrange},
		{"ABUSE-066 too long", list(strings.Repeat("# x\n", m3u8.MaxBytes/4)), wordsTooLarge},
		{"ABUSE-066 one line", list("#" + strings.Repeat("x", 1<<20)), wordsStrange},
		{"ABUSE-067 a hundred thousand segments", list(strings.Repeat("#EXTINF:1\na\n", 100_000)), wordsStrange},
		{"ABUSE-068 segments of no length", list("#EXTINF:NaN\na.ts\n"), wordsStrange},
		{"ABUSE-069 a part beyond everything", list("#EXTINF:1\n#EXT-X-BYTERANGE:9007199254740000@9007199254740000\na.ts\n"), wordsStrange},
		{"ABUSE-069 a part larger than is allowed", list(strings.Repeat("#EXTINF:1\n#EXT-X-BYTERANGE:99999999999@0\na.ts\n", 3)), wordsTooLarge},
		{"ABUSE-070 a file", list(strings.Repeat("#EXTINF:1\nfile:///etc/passwd\n", 3)), wordsAway},
		{"ABUSE-070 another scheme", list(strings.Repeat("#EXTINF:1\ndata:video/mp2t;base64,RwAA\n", 3)), wordsAway},
		{"ABUSE-043 a private address", list(strings.Repeat("#EXTINF:1\nhttp://10.0.0.1/a.ts\n", 3)), wordsAway},
		{"ABUSE-043 a variant there", map[string]string{"/live.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://169.254.169.254/a.m3u8\n"}, wordsAway},
		{"ABUSE-043 an initialisation there", list("#EXT-X-MAP:URI=\"http://10.0.0.1/i.mp4\"\n" + strings.Repeat("#EXTINF:1\na.m4s\n", 3)), wordsAway},
		{"ABUSE-071 a key there", list("#EXT-X-KEY:METHOD=AES-128,URI=\"http://10.0.0.1/k\"\n" + strings.Repeat("#EXTINF:1\na.ts\n", 3)), wordsAway},
		{"ABUSE-073 variables", list("#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n#EXTINF:1\n{$a}.ts\n"), wordsStrange},
		{"rights are managed", list("#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://k\"\n#EXTINF:1\na.ts\n"), wordsLocked},
		{"a recording", list("#EXTINF:1\na.ts\n#EXT-X-ENDLIST\n"), wordsFile},
		{"a page", map[string]string{"/live.m3u8": "<html>"}, wordsStrange},
		{"nothing but gaps", list(strings.Repeat("#EXT-X-GAP\n#EXTINF:1\na.ts\n", 3)), wordsSilent},
		{"segments that are no media", map[string]string{"/live.m3u8": head + strings.Repeat("#EXTINF:1\na.ts\n", 3), "/a.ts": strings.Repeat("x", 1<<20)}, wordsStrange},
		{"an initialisation that is none", map[string]string{"/live.m3u8": head + "#EXT-X-MAP:URI=\"a.ts\"\n" + strings.Repeat("#EXTINF:1\na.ts\n", 3), "/a.ts": "xxxxxxxxxxxx"}, wordsStrange},
		{"a list that does not change", list(""), wordsSilent},
		{"no variant that can be played", map[string]string{"/live.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"dvh1.05\"\na.m3u8\n"}, wordsStrange},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				text, ok := c.files[r.URL.Path]
				if !ok {
					http.NotFound(w, r)
					return
				}
				io.WriteString(w, text)
			}))
			t.Cleanup(web.Close)
			o := opener(t, Config{MaxSegment: 4 << 20}, hostOf(web.URL))
			if _, err := take(t, o, web.URL+"/live.m3u8", 1); !says(err, c.words) {
				t.Errorf("%v", err)
			}
			if n := asked.Load(); n > 12 {
				t.Errorf("it was asked %d times", n)
			}
		})
	}
}

// TestHugeSegment: one that says or turns out to be larger than is allowed ends the source (ABUSE-054).
func TestHugeSegment(t *testing.T) {
	for name, length := range map[string]string{"as it says": "9223372036854775807", "without saying": ""} {
		t.Run(name, func(t *testing.T) {
			host := raw(t, func(nc net.Conn) {
				buf := make([]byte, 4096)
				n, _ := nc.Read(buf)
				if strings.Contains(string(buf[:n]), "m3u8") {
					list := "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1\na.ts\n"
					fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(list), list)
					return
				}
				head := "HTTP/1.1 200 OK\r\nConnection: close\r\n"
				if length != "" {
					head += "Content-Length: " + length + "\r\n"
				}
				flood(head+"\r\n", "G")(nc)
			})
			o := opener(t, Config{MaxSegment: 1 << 20, Connect: 10 * time.Second}, host)
			if _, err := take(t, o, "http://"+host+"/live.m3u8", 1); !says(err, wordsTooLarge) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestPacer(t *testing.T) {
	t0 := time.Unix(1000, 0)
	p := pacer{lead: time.Second}
	for i, c := range []struct{ now, at, want time.Duration }{
		{0, 50, 0},                 // the first is at once
		{0, 51, 0},                 // as far ahead as is allowed
		{0, 52, 1},                 // further
		{3, 52, 0},                 // late: what follows is measured from here
		{3, 53, 0},                 //
		{3, 54, 1},                 //
		{4, 100, 0},                // another time
		{4, 102, 1},                //
		{4, 20, 0},                 // and another
		{4, 20 + 8, 7},             //
		{4 + 7, 20 + 8, 0},         //
		{4 + 7, 20 + 8 + 1, 1},     //
		{4 + 7, 20 + 8 + 1 + 1, 2}, //
	} {
		if got := p.delay(t0.Add(c.now*time.Second), c.at*time.Second); got != c.want*time.Second {
			t.Errorf("%d: %v, not %v", i, got, c.want*time.Second)
		}
	}
}

func TestBest(t *testing.T) {
	v := func(uri string, bandwidth int, codecs ...string) m3u8.Variant {
		return m3u8.Variant{URI: uri, Bandwidth: bandwidth, Codecs: codecs}
	}
	for _, c := range []struct {
		name string
		list []m3u8.Variant
		want string
	}{
		{"the most bits", []m3u8.Variant{v("a", 1), v("b", 3), v("c", 2)}, "b"},
		{"that can be played", []m3u8.Variant{v("a", 1, "avc1.4d001f", "mp4a.40.2"), v("b", 3, "dvh1.05.01"), v("c", 2, "hvc1.1", "ec-3")}, "a"},
		{"with a picture", []m3u8.Variant{v("a", 9, "mp4a.40.2"), v("b", 3, "hvc1.1.6", "opus")}, "b"},
		{"sound alone", []m3u8.Variant{v("a", 9, "mp4a.40.2")}, "a"},
		{"none", []m3u8.Variant{v("a", 9, "ac-3")}, ""},
	} {
		if got, ok := best(c.list); got.URI != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q", c.name, got.URI)
		}
	}
	list := []m3u8.Rendition{{Group: "a", URI: "1"}, {Group: "a", URI: "2", Default: true}, {Group: "b", URI: "3"}, {Group: "c"}}
	for group, want := range map[string]string{"a": "2", "b": "3", "c": "", "": "", "d": ""} {
		if got := rendition(list, group); got != want {
			t.Errorf("group %q: %q", group, got)
		}
	}
}

func TestEpochs(t *testing.T) {
	e := newEpochs()
	place := func(discontinuity uint64, at ...time.Duration) (got []time.Duration) {
		var c chunk
		c.discontinuity = discontinuity
		for _, d := range at {
			c.packets = append(c.packets, av.Packet{DTS: d * time.Second, PTS: d * time.Second})
		}
		e.place(c)
		for _, p := range c.packets {
			got = append(got, p.DTS.Round(time.Second)/time.Second)
		}
		return got
	}
	for i, c := range []struct {
		discontinuity uint64
		at, want      []time.Duration
	}{
		{0, []time.Duration{100, 101}, []time.Duration{100, 101}},
		{1, []time.Duration{102, 103}, []time.Duration{102, 103}}, // nothing was discontinuous about it
		{2, []time.Duration{5, 6}, []time.Duration{103, 104}},     // it begins anew
		{2, []time.Duration{5, 6}, []time.Duration{103, 104}},     // the other lane moves alike
		{3, []time.Duration{7, 8}, []time.Duration{105, 106}},
		{1, []time.Duration{103}, []time.Duration{103}}, // a lane that is behind
	} {
		if got := place(c.discontinuity, c.at...); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%d: %v, not %v", i, got, c.want)
		}
	}
	for d := uint64(10); d < 1000; d++ {
		place(d, 1, 2)
	}
	if len(e.offsets) > keptEpochs+1 {
		t.Errorf("%d are remembered", len(e.offsets))
	}
}

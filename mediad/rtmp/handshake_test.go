package rtmp

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// zeros is a source of randomness that is none.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func chacha(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

// encoder 1: simple is answered simply, a digest with one of its schema, and C2 may be anything.
func TestRTMP01Handshake(t *testing.T) {
	simple := append([]byte{3}, make([]byte, handshakeSize)...)
	copy(simple[1:], []byte{0, 0, 0, 7, 0, 0, 0, 0, 0xaa, 0xbb})
	withDigest := func(schema int) []byte {
		c1 := make([]byte, handshakeSize)
		chacha(1).Read(c1)
		copy(c1[4:], []byte{9, 0, 124, 2})
		putDigest(c1, clientKey()[:clientKeySize], schema)
		return append([]byte{3}, c1...)
	}
	version9 := bytes.Clone(simple)
	version9[5] = 9 // says that it has a digest, and has none
	tests := []struct {
		name   string
		c0c1   []byte
		digest bool
		schema int
	}{
		{"simple", simple, false, 0},
		{"digest, schema 0", withDigest(0), true, 0},
		{"digest, schema 1", withDigest(1), true, 1},
		{"a version, but no digest", version9, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := NewServerHandshake(chacha(2))
			out, rest, err := h.Feed(tt.c0c1)
			if err != nil || len(rest) > 0 || len(out) != 1+2*handshakeSize || out[0] != 3 || h.Done() {
				t.Fatalf("%d bytes, %v", len(out), err)
			}
			s1, s2 := out[1:1+handshakeSize], out[1+handshakeSize:]
			if h.Digest() != tt.digest {
				t.Errorf("digest %v", h.Digest())
			}
			if digest, schema := findDigest(s1, serverKey()[:serverKeySize]); (digest != nil) != tt.digest || tt.digest && schema != tt.schema {
				t.Errorf("S1 has digest %x of schema %d", digest, schema)
			}
			if echo := bytes.Equal(s2, tt.c0c1[1:]); echo == tt.digest {
				t.Errorf("S2 echoes C1: %v", echo)
			}
			garbage := append(fill(handshakeSize), 1, 2, 3) // C2, and a chunk behind it
			if _, rest, err := h.Feed(garbage); err != nil || !h.Done() || !bytes.Equal(rest, []byte{1, 2, 3}) {
				t.Errorf("C2: rest %x, %v", rest, err)
			}
		})
	}
}

// encoder 2: what is not RTMP is named at its first byte.
func TestRTMP02Sniff(t *testing.T) {
	tests := []struct {
		name  string
		first string
		want  error
	}{
		{"encoder 1: RTMPE", "\x06", ErrEncrypted}, {"encoder 1: RTMPE, the other", "\x08", ErrEncrypted},
		{"encoder 2: POST", "POST /idle", ErrHTTP}, {"encoder 2: GET", "GET /", ErrHTTP}, {"encoder 2: HTTP/2", "PRI *", ErrHTTP},
		{"encoder 2: TLS", "\x16\x03\x01", ErrTLS},
		{"ABUSE-118 version 0", "\x00", ErrVersion}, {"ABUSE-118 version 2", "\x02", ErrVersion}, {"ABUSE-118 version 255", "\xff", ErrVersion},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := NewServerHandshake(nil).Feed([]byte(tt.first)); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if _, _, err := NewSession(SessionConfig{}).Feed([]byte(tt.first)); !errors.Is(err, tt.want) {
				t.Errorf("session: %v, want %v", err, tt.want)
			}
		})
	}
}

// encoder 3: both sides with each other, in pieces of any size.
func TestRTMP03Pieces(t *testing.T) {
	for _, size := range []int{1, 7, 1536, 1537, 10_000} {
		client, first, err := NewClientHandshake(chacha(3))
		if err != nil {
			t.Fatal(err)
		}
		server := NewServerHandshake(chacha(4))
		toServer, toClient := first, []byte(nil)
		for len(toServer)+len(toClient) > 0 {
			for len(toServer) > 0 {
				n := min(size, len(toServer))
				out, _, err := server.Feed(toServer[:n])
				if err != nil {
					t.Fatal(err)
				}
				toServer, toClient = toServer[n:], append(toClient, out...)
			}
			for len(toClient) > 0 {
				n := min(size, len(toClient))
				out, _, err := client.Feed(toClient[:n])
				if err != nil {
					t.Fatal(err)
				}
				toClient, toServer = toClient[n:], append(toServer, out...)
			}
		}
		if !client.Done() || !server.Done() || !client.Digest() || !server.Digest() {
			t.Errorf("pieces of %d: done %v %v, digest %v %v", size, client.Done(), server.Done(), client.Digest(), server.Digest())
		}
	}
}

// encoder 3: what an encoder sends from the first byte to the first frames, at once and byte by byte, means the same.
func TestRTMP03Session(t *testing.T) {
	names, err := filepath.Glob("testdata/*.rtmp")
	if err != nil || len(names) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		raw = raw[:min(len(raw), 40_000)]
		var want string
		for _, size := range []int{len(raw), 1, 7, 1537} {
			var got []string
			s := NewSession(SessionConfig{Random: zeros{}})
			for rest := raw; len(rest) > 0; rest = rest[min(size, len(rest)):] {
				for p := rest[:min(size, len(rest))]; ; {
					ev, more, err := s.Feed(p)
					if err != nil {
						t.Fatalf("%s in pieces of %d: %v", name, size, err)
					}
					if ev.Kind == EventNone {
						break
					}
					if ev.Kind == EventPublish {
						s.Accept()
					}
					got = append(got, fmt.Sprintf("%d %d %d %d", ev.Kind, ev.Message.Type, ev.Message.Timestamp, len(ev.Message.Payload)))
					p = more
				}
			}
			if text := strings.Join(got, "\n"); want == "" && len(got) > 5 {
				want = text
			} else if text != want {
				t.Errorf("%s in pieces of %d: %d events, and others than at once", name, size, len(got))
			}
		}
		if want == "" {
			t.Errorf("%s: no frames", name)
		}
	}
}

func FuzzHandshake(f *testing.F) {
	_, first, _ := NewClientHandshake(chacha(1))
	f.Add(append(first, make([]byte, handshakeSize)...), uint16(1))
	f.Add([]byte("GET / HTTP/1.1\r\n"), uint16(3))
	f.Fuzz(func(t *testing.T, in []byte, cut uint16) {
		n := min(int(cut), len(in))
		a, b := NewServerHandshake(zeros{}), NewServerHandshake(zeros{})
		outA, restA, errA := a.Feed(in)
		out1, rest1, errB := b.Feed(in[:n])
		if errB == nil {
			out2, rest2, err := b.Feed(in[n:])
			if b.Done() && len(rest2) == 0 {
				rest2 = append(rest1, rest2...)
			}
			out1, rest1, errB = append(out1, out2...), rest2, err
		}
		if a.Done() != b.Done() || (errA == nil) != (errB == nil) || errA == nil && !bytes.Equal(outA, out1) || a.Done() && errA == nil && !bytes.Equal(restA, rest1) && n <= 1+2*handshakeSize {
			t.Fatalf("cut at %d: %v %v, %v %v", n, a.Done(), b.Done(), errA, errB)
		}
		c, _, _ := NewClientHandshake(zeros{})
		_, _, _ = c.Feed(in)
	})
}

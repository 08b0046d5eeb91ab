package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "synctv/proto/synctv/v1"
)

// h2 is a connection that speaks HTTP/2 frame by frame, as no honest client would.
type h2 struct {
	net.Conn
	*http2.Framer
	headers []byte // of a call of GetServer
}

func dialH2(t *testing.T, s *server) *h2 {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	h := &h2{Conn: c, Framer: http2.NewFramer(c, c)}
	h.AllowIllegalWrites = true
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := h.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	h.headers = encodeFields("", [2]string{":method", "POST"}, [2]string{":scheme", "http"}, [2]string{":path", "/synctv.v1.ServerService/GetServer"},
		[2]string{":authority", "x"}, [2]string{"content-type", "application/grpc"}, [2]string{"te", "trailers"})
	return h
}

func encodeFields(big string, fields ...[2]string) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for _, f := range fields {
		e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}) // to a buffer: cannot fail
	}
	if big != "" {
		e.WriteField(hpack.HeaderField{Name: "big", Value: big, Sensitive: true})
	}
	return b.Bytes()
}

// closes reads until the server ends the connection, or says GOAWAY.
func (h *h2) closes(t *testing.T, within time.Duration) bool {
	t.Helper()
	h.SetReadDeadline(time.Now().Add(within))
	for {
		f, err := h.ReadFrame()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return false
		}
		if err != nil {
			return true
		}
		if _, ok := f.(*http2.GoAwayFrame); ok {
			return true
		}
	}
}

// TestHTTP2Abuse does what is known to bring HTTP/2 servers down, and then asks whether others are still served.
func TestHTTP2Abuse(t *testing.T) {
	s := startServer(t, "SYNCTV_LOG_LEVEL=error")
	conn, err := grpc.NewClient(strings.TrimPrefix(s.URL, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, attack := range []struct {
		name string
		do   func(h *h2) error
		ends bool // whether the server must hang up by itself
	}{
		{"rapid reset", func(h *h2) error {
			for id := uint32(1); id < 20_000; id += 2 {
				if err := errors.Join(h.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: h.headers, EndHeaders: true}), h.WriteRSTStream(id, http2.ErrCodeCancel)); err != nil {
					return err
				}
			}
			return nil
		}, false},
		{"ping flood", func(h *h2) error {
			for range 20_000 {
				if err := h.WritePing(false, [8]byte{}); err != nil {
					return err
				}
			}
			return nil
		}, true},
		{"settings flood", func(h *h2) error {
			for range 20_000 {
				if err := h.WriteSettings(); err != nil {
					return err
				}
			}
			return nil
		}, false},
		{"endless continuation", func(h *h2) error {
			if err := h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.headers}); err != nil {
				return err
			}
			chunk := encodeFields(strings.Repeat("x", 16_000))
			for range 500 {
				if err := h.WriteContinuation(1, false, chunk); err != nil {
					return err
				}
			}
			return h.WriteContinuation(1, true, nil)
		}, false},
		{"empty data flood", func(h *h2) error {
			if err := h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.headers, EndHeaders: true}); err != nil {
				return err
			}
			for range 20_000 {
				if err := h.WriteData(1, false, nil); err != nil {
					return err
				}
			}
			return nil
		}, false},
		{"many open streams", func(h *h2) error {
			for id := uint32(1); id < 2_000; id += 2 {
				if err := h.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: h.headers, EndHeaders: true}); err != nil {
					return err
				}
			}
			return nil
		}, false},
		{"a message of 4 GiB announced", func(h *h2) error {
			return errors.Join(h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.headers, EndHeaders: true}),
				h.WriteData(1, true, []byte{0, 0xff, 0xff, 0xff, 0xff}))
		}, false},
		{"a compressed message", func(h *h2) error {
			return errors.Join(h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.headers, EndHeaders: true}), h.WriteData(1, true, []byte{1, 0, 0, 0, 1, 0}))
		}, false},
		{"no path", func(h *h2) error {
			return h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, EndStream: true, BlockFragment: encodeFields("", [2]string{":method", "POST"}, [2]string{":scheme", "http"})})
		}, false},
		{"a path without slash", func(h *h2) error {
			return h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, EndStream: true, BlockFragment: encodeFields("", [2]string{":method", "POST"},
				[2]string{":scheme", "http"}, [2]string{":path", "synctv.v1.ServerService/GetServer"}, [2]string{"content-type", "application/grpc"}, [2]string{"te", "trailers"})})
		}, false},
		{"headers on stream 0", func(h *h2) error {
			return h.WriteHeaders(http2.HeadersFrameParam{StreamID: 0, BlockFragment: h.headers, EndHeaders: true})
		}, true},
		{"a frame too large", func(h *h2) error { return h.WriteRawFrame(http2.FrameData, 0, 1, make([]byte, 1<<20)) }, true},
	} {
		t.Run(attack.name, func(t *testing.T) {
			h := dialH2(t, s)
			err := attack.do(h)
			if attack.ends && err == nil && !h.closes(t, 5*time.Second) {
				t.Error("the server listens on")
			}
			began := time.Now()
			if err := s.stranger().call("GET", "/api/v1/server", nil, nil); err != nil {
				t.Error("others are not served:", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if _, err := pb.NewServerServiceClient(conn).GetServer(ctx, &pb.GetServerRequest{}); err != nil {
				t.Error("others are not served:", err)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("others waited %v", took)
			}
		})
	}
}

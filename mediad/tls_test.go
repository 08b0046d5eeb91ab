package mediad

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"synctv/app"
	"synctv/mediad/rtmp"
)

// certificate is one that nobody has signed, and what trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"live.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

// TestTLS: one port takes both, and the ways in and out do not know of each other.
func TestTLS(t *testing.T) {
	config, trust := certificate(t)
	h := open(t, Config{TLS: config, Linger: 50 * time.Millisecond})
	secure := func() net.Conn {
		nc, err := tls.Dial("tcp", h.rtmp, &tls.Config{RootCAs: trust, ServerName: "live.example"})
		if err != nil {
			t.Fatal(err)
		}
		return nc
	}
	packets := film(t)
	for _, c := range []struct {
		name string
		dial func() net.Conn
	}{
		{"by TLS", secure},
		{"in the clear", func() net.Conn {
			nc, err := net.Dial("tcp", h.rtmp)
			if err != nil {
				t.Fatal(err)
			}
			return nc
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := h.talk(c.dial(), "live/"+goodKey, true)
			if err != nil {
				t.Fatal(err)
			}
			p.send(packets...)
			resp := h.watch()
			if video, audio, configs := tags(t, resp.Body, 20); video == 0 || audio == 0 || configs != 2 {
				t.Errorf("FLV: %d pictures, %d sounds, %d configurations", video, audio, configs)
			}
			for name, nc := range map[string]net.Conn{"TLS": secure(), "clear": c.dial()} {
				if _, err := h.talk(nc, "live/"+string(str)+"?token=yes", false); err != nil {
					t.Errorf("playing over %s: %v", name, err)
				}
			}
			if _, err := h.talk(secure(), "live/key_bad.secret", true); status(err) != rtmp.CodePublishBadName {
				t.Errorf("a wrong key: %v", err)
			}
			before := len(h.app.reasons())
			p.quit()
			soon(t, "stopped", func() bool { return slices.Equal(h.app.reasons()[before:], []string{app.StreamStopped}) })
			p.nc.Close()
		})
	}
	// A publisher by TLS that is kicked is told.
	p, err := h.talk(secure(), "live/"+goodKey, true)
	if err != nil {
		t.Fatal(err)
	}
	p.send(packets...)
	soon(t, "live", func() bool { return len(h.Sessions(str)) > 0 })
	h.EndStream(str, "over")
	if err := p.ended(); status(err) != rtmp.CodePublishBadName {
		t.Errorf("the encoder was told %v", err)
	}
}

// status is the code with which a server has refused.
func status(err error) string {
	var s *rtmp.Status
	if errors.As(err, &s) {
		return s.Code
	}
	return ""
}

// TestTLSThatComesToNothing is over at the deadline at the latest, and leaves nothing.
func TestTLSThatComesToNothing(t *testing.T) {
	config, _ := certificate(t)
	var hello bytes.Buffer
	tls.Client(&recorder{w: &hello}, &tls.Config{ServerName: "x"}).Handshake()
	for _, c := range []struct {
		name   string
		tls    *tls.Config
		send   func(nc net.Conn)
		answer bool // something comes back
	}{
		{"nothing", config, func(net.Conn) {}, false},
		{"one byte", config, func(nc net.Conn) { nc.Write([]byte{handshakeRecord}) }, false},
		{"a hello in drops", config, func(nc net.Conn) {
			for _, b := range hello.Bytes() {
				if _, err := nc.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		}, false},
		{"a hello and silence", config, func(nc net.Conn) { nc.Write(hello.Bytes()) }, true},
		{"garbage behind the first byte", config, func(nc net.Conn) { nc.Write([]byte("\x16garbage in place of a record")) }, false},
		{"a record of 16 MiB", config, func(nc net.Conn) { nc.Write(append([]byte{0x16, 3, 1, 0xff, 0xff}, make([]byte, 70000)...)) }, true},
		{"a client that does not trust us", config, func(nc net.Conn) { tls.Client(nc, &tls.Config{ServerName: "live.example"}).Handshake() }, true},
		{"TLS 1.0", config, func(nc net.Conn) {
			tls.Client(nc, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}).Handshake()
		}, true},
		{"HTTP by TLS", config, func(nc net.Conn) {
			io.WriteString(tls.Client(nc, &tls.Config{InsecureSkipVerify: true}), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		}, true},
		{"TLS by TLS", config, func(nc net.Conn) {
			tls.Client(nc, &tls.Config{InsecureSkipVerify: true}).Write(hello.Bytes())
		}, true},
		{"TLS, and there is no certificate", nil, func(nc net.Conn) { nc.Write(hello.Bytes()) }, false},
		{"RTMPE", config, func(nc net.Conn) { nc.Write([]byte{6}) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t, Config{TLS: c.tls, Handshake: 300 * time.Millisecond, Linger: 50 * time.Millisecond})
			nc, err := net.Dial("tcp", h.rtmp)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			watch := &counted{Conn: nc}
			began := time.Now()
			c.send(watch)
			nc.SetReadDeadline(time.Now().Add(10 * time.Second))
			n, err := io.Copy(io.Discard, watch)
			if errors.Is(err, os.ErrDeadlineExceeded) || watch.n > 0 != c.answer || time.Since(began) > 8*time.Second {
				t.Errorf("%d and %d bytes, %v, after %v", n, watch.n, err, time.Since(began))
			}
			soon(t, "gone", func() bool { return h.Stats().Connections == 0 })
		})
	}
}

// counted counts what is read.
type counted struct {
	net.Conn
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n += n
	return n, err
}

// recorder is a connection that keeps what is written and has nothing to read.
type recorder struct {
	net.Conn
	w io.Writer
}

func (r *recorder) Write(p []byte) (int, error)      { return r.w.Write(p) }
func (r *recorder) Read([]byte) (int, error)         { return 0, io.EOF }
func (r *recorder) SetReadDeadline(time.Time) error  { return nil }
func (r *recorder) SetWriteDeadline(time.Time) error { return nil }
func (r *recorder) Close() error                     { return nil }

// TestStopWhileTLSBegins: a server that stops does not wait for those who say nothing.
func TestStopWhileTLSBegins(t *testing.T) {
	config, _ := certificate(t)
	h := open(t, Config{TLS: config, Handshake: time.Minute})
	for _, hello := range []string{"", "\x16", "\x16\x03\x01\x02\x00\x01", "\x03"} {
		nc, err := net.Dial("tcp", h.rtmp)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		io.WriteString(nc, hello)
	}
	soon(t, "counted", func() bool { return h.Stats().Connections == 4 })
	began := time.Now()
	h.stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("stopped after %v", took)
	}
}

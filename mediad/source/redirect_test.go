package source

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"synctv/mediad/flv"
	"synctv/mediad/rtmp"
	"synctv/mediad/rtmp/amf"
)

// sends is a server that says that what it is asked for is elsewhere, as SRS does.
func sends(t testing.TB, to func() string, asked *atomic.Int64) string {
	return server(t, func(nc net.Conn, s *rtmp.Session) {
		asked.Add(1)
		info := amf.Object(amf.P("level", amf.String("error")), amf.P("code", amf.String(rtmp.CodeConnectRejected)),
			amf.P("ex", amf.Object(amf.P("code", amf.Number(302)), amf.P("redirect", amf.String(to())))))
		s.Send(rtmp.Message{Type: rtmp.TypeCommandAMF0, Stream: s.StreamID(),
			Payload: amf.Append(nil, amf.String("onStatus"), amf.Number(0), amf.Null(), info)})
		nc.Write(s.TakeOutput())
		io.Copy(io.Discard, nc)
	})
}

// TestRedirects: a source is followed to where its server says that it is, as far as that is allowed.
func TestRedirects(t *testing.T) {
	packets := film(t)
	end := server(t, func(nc net.Conn, s *rtmp.Session) {
		accept(nc, s)
		for _, p := range packets {
			s.Send(rtmp.Message{Type: rtmp.Type(flv.TypeOf(p)), Timestamp: flv.Timestamp(p), Stream: s.StreamID(), Payload: flv.Body(p)})
		}
		nc.Write(s.TakeOutput())
		io.Copy(io.Discard, nc)
	})
	var asked atomic.Int64
	to := func(address string) func() string { return func() string { return address } }
	second := sends(t, to("rtmp://"+end+"/other/film"), &asked)
	first := sends(t, to("rtmp://"+second+"/live"), &asked)
	var round string
	round = sends(t, func() string { return "rtmp://" + round + "/live" }, &asked)
	forbidden := sends(t, to("rtmp://127.0.0.1:9/live"), &asked)
	web := sends(t, to("http://"+end+"/live"), &asked)
	for _, c := range []struct {
		name, host string
		asked      int64
		want       func(error) bool
	}{
		{"twice", first, 2, func(err error) bool { return errors.Is(err, errEnough) }},
		{"round and round", round, 1 + maxRedirects, func(err error) bool { return says(err, wordsAway) }},
		{"to where it is not allowed", forbidden, 1, func(err error) bool { return says(err, wordsAway) }},
		{"to another protocol", web, 1, func(err error) bool { return says(err, wordsAway) }},
	} {
		asked.Store(0)
		_, err := take(t, opener(t, Config{}, c.host, first, second, end), "rtmp://"+c.host+"/live/film?token=a", 10)
		if !c.want(err) || asked.Load() != c.asked {
			t.Errorf("%s: asked %d, %v", c.name, asked.Load(), err)
		}
	}
}

// TestRedirectsToTheClear: from TLS nobody is sent to where there is none.
func TestRedirectsToTheClear(t *testing.T) {
	web := httptest.NewTLSServer(http.NotFoundHandler())
	defer web.Close()
	var asked, clear atomic.Int64
	end := server(t, func(net.Conn, *rtmp.Session) { clear.Add(1) })
	inner := sends(t, func() string { return "rtmp://" + end + "/live" }, &asked)
	host := raw(t, func(nc net.Conn) {
		secure := tls.Server(nc, web.TLS)
		there, err := net.Dial("tcp", inner)
		if err != nil {
			return
		}
		defer there.Close()
		go func() { io.Copy(there, secure); there.Close() }()
		io.Copy(secure, there)
	})
	o := opener(t, Config{}, host, end)
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	o.deps.TLS = &tls.Config{RootCAs: roots}
	if _, err := take(t, o, "rtmps://"+host+"/live/film", 1); !says(err, wordsAway) || asked.Load() != 1 || clear.Load() != 0 {
		t.Errorf("%v; asked %d, in the clear %d", err, asked.Load(), clear.Load())
	}
}

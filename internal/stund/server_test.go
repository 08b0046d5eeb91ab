package stund

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v3"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open runs a server until the test ends.
func open(t *testing.T, address string) (*Server, netip.AddrPort) {
	t.Helper()
	conn, err := Listen(t.Context(), address)
	if err != nil {
		t.Skip(err) // no IPv6 here
	}
	s := New(slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, conn) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s, netip.MustParseAddrPort(conn.LocalAddr().String())
}

// ask asks with a client that is not ours, and returns what it learned and who it is.
func ask(t *testing.T, server string) (learned, own netip.AddrPort) {
	t.Helper()
	nc, err := net.Dial("udp", server)
	if err != nil {
		t.Skip(err)
	}
	c, err := stun.NewClient(nc)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var got stun.XORMappedAddress
	err = c.Do(stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.Fingerprint), func(e stun.Event) {
		if e.Error != nil {
			t.Error(e.Error)
		} else if err := got.GetFrom(e.Message); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	ip, _ := netip.AddrFromSlice(got.IP)
	return netip.AddrPortFrom(ip.Unmap(), uint16(got.Port)), netip.MustParseAddrPort(nc.LocalAddr().String())
}

// answers waits until an answer is counted, which it is a moment after it was sent.
func answers(s *Server) Stats {
	for range 400 {
		if s.Stats().Datagrams[answered].Count > 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	return s.Stats()
}

// TestClient asks over both families, at every address of a socket that is bound to all: pion's client is connected, so
// it takes an answer only from the address that it has asked.
func TestClient(t *testing.T) {
	for _, c := range []struct{ name, bind, ask string }{
		{"IPv4", "127.0.0.1:0", "127.0.0.1"},
		{"IPv6", "[::1]:0", "::1"},
		{"all of IPv4", "0.0.0.0:0", "127.0.0.1"},
		{"all of IPv4, at another address", "0.0.0.0:0", "127.9.8.7"},
		{"all, over IPv4", ":0", "127.0.0.1"},
		{"all, over IPv4 at another address", ":0", "127.9.8.7"},
		{"all, over IPv6", ":0", "::1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, at := open(t, c.bind)
			learned, own := ask(t, netip.AddrPortFrom(netip.MustParseAddr(c.ask), at.Port()).String())
			if learned != own || !learned.IsValid() {
				t.Errorf("the client learned %v and is %v", learned, own)
			}
			if st := answers(s); st.Datagrams[answered] != (Count{"answered", 1}) || st.BytesSent < 40 || st.BytesSent > 52 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestSilence: what is not to be answered is not, and what follows is.
func TestSilence(t *testing.T) {
	s, at := open(t, "127.0.0.1:0")
	nc, err := net.Dial("udp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	bad := [][]byte{{0}, []byte("GET / HTTP/1.1\r\n\r\n"), typed(0x0101), typed(0x0011), request()[:19], append(request(), make([]byte, 9000)...), make([]byte, 1500)}
	for _, b := range bad {
		nc.Write(b)
	}
	nc.Write(request())
	nc.SetReadDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, 2000)
	n, err := nc.Read(buf)
	if err != nil || n > MaxAnswer || !slices.Equal(buf[4:headerBytes], request()[4:headerBytes]) {
		t.Fatalf("% x, %v", buf[:n], err)
	}
	nc.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := nc.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("% x, %v", buf[:n], err)
	}
	st := answers(s)
	if st.Datagrams[notSTUN].Count != 5 || st.Datagrams[notRequest].Count != 2 || st.Datagrams[answered].Count != 1 {
		t.Errorf("%+v", st)
	}
}

// TestFlood: one source gets its share, and that in fewer bytes than twice what it sent.
func TestFlood(t *testing.T) {
	s, at := open(t, "127.0.0.1:0")
	nc, err := net.Dial("udp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	const sent = 3000
	began := time.Now()
	for range sent {
		nc.Write(request())
	}
	total := func() (n int64) {
		for _, c := range s.Stats().Datagrams {
			n += c.Count
		}
		return n
	}
	for before := int64(-1); before != total(); time.Sleep(50 * time.Millisecond) { // the system may lose some
		before = total()
	}
	earned := int64(burst + time.Since(began)/perSource + 1)
	if st := s.Stats(); st.Datagrams[answered].Count > earned || st.Datagrams[answered].Count < 100 || st.Datagrams[limited].Count == 0 || st.BytesSent > 40*earned {
		t.Errorf("%+v; %d were earned", st, earned)
	}
}

// TestRunEnds when the socket does, with an error if nobody has asked for that.
func TestRunEnds(t *testing.T) {
	conn, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(t.Context(), conn.LocalAddr().String()); err == nil {
		t.Error("two have one port")
	}
	conn.Close()
	if err := New(slog.New(slog.DiscardHandler)).Run(t.Context(), conn); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Error(err)
	}
}

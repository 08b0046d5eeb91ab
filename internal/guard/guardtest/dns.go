package guardtest

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// Answer is what the name server says to one question.
type Answer struct {
	// Addrs are the A or AAAA records, whichever family was asked for.
	Addrs []netip.Addr
	// CNAME, when set, is answered instead, and the addresses are attached to the name it points to.
	CNAME []string
	// Silent makes the server not answer at all.
	Silent bool
}

// DNS is a name server on a loopback UDP port.
type DNS struct {
	conn    net.PacketConn
	queries atomic.Int64
}

// NewDNS starts a name server that asks answer about each name (lower case, no trailing dot); it stops with the test.
func NewDNS(t testing.TB, answer func(name string) Answer) *DNS {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &DNS{conn: conn}
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.serve(answer)
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return d
}

// Queries is how many questions were asked so far.
func (d *DNS) Queries() int64 { return d.queries.Load() }

// Resolver returns Go's resolver pointed at d.
func (d *DNS) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "udp", d.conn.LocalAddr().String())
	}}
}

func (d *DNS) serve(answer func(string) Answer) {
	buf := make([]byte, 4096)
	for {
		n, from, err := d.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var q dnsmessage.Message
		if q.Unpack(buf[:n]) != nil || len(q.Questions) != 1 {
			continue
		}
		d.queries.Add(1)
		a := answer(strings.ToLower(strings.TrimSuffix(q.Questions[0].Name.String(), ".")))
		if a.Silent {
			continue
		}
		reply := dnsmessage.Message{
			Header:    dnsmessage.Header{ID: q.ID, Response: true, Authoritative: true, RecursionAvailable: true},
			Questions: q.Questions,
			Answers:   records(q.Questions[0], a),
		}
		if len(a.Addrs) == 0 {
			reply.RCode = dnsmessage.RCodeNameError
		}
		out, err := reply.Pack()
		if err != nil {
			continue
		}
		_, _ = d.conn.WriteTo(out, from)
	}
}

func records(q dnsmessage.Question, a Answer) []dnsmessage.Resource {
	var out []dnsmessage.Resource
	owner := q.Name
	for _, next := range a.CNAME {
		target := dnsmessage.MustNewName(next + ".")
		out = append(out, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: owner, Type: dnsmessage.TypeCNAME, Class: dnsmessage.ClassINET},
			Body:   &dnsmessage.CNAMEResource{CNAME: target},
		})
		owner = target
	}
	for _, addr := range a.Addrs {
		h := dnsmessage.ResourceHeader{Name: owner, Class: dnsmessage.ClassINET, Type: q.Type}
		switch {
		case q.Type == dnsmessage.TypeA && addr.Is4():
			out = append(out, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: addr.As4()}})
		case q.Type == dnsmessage.TypeAAAA && addr.Is6():
			out = append(out, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
		}
	}
	return out
}

package stund

import (
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// A client takes an answer only from the address it has asked (RFC 8489, section 6.3.1.2 has it sent from there). A host
// with several, as all have with IPv6, has to be told: the socket says where a datagram went to, and takes the same
// words back as where an answer comes from.

// controlBytes is room for those words.
const controlBytes = 128

// tellDestination asks a socket to say where datagrams went to; it is a net.ListenConfig's Control. It does what it can:
// without it the system chooses where an answer comes from.
func tellDestination(_, _ string, raw syscall.RawConn) error {
	return raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	})
}

// source makes what an answer is sent with out of what its request came with; nil leaves the choice to the system.
func source(control []byte) []byte {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil
	}
	for _, m := range messages {
		switch {
		case m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_PKTINFO && len(m.Data) >= unix.SizeofInet6Pktinfo:
			return source6(m.Data)
		case m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo:
			return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: [4]byte(m.Data[4:8])}) // struct in_pktinfo
		}
	}
	return nil
}

// source6 reads a struct in6_pktinfo. The interface is left out: the way back is for the system to choose.
func source6(data []byte) []byte {
	dst := netip.AddrFrom16([16]byte(data))
	switch {
	case dst.Is4In6():
		return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: dst.Unmap().As4()})
	case dst.IsMulticast(), dst.IsLinkLocalUnicast(): // the client's address has the interface already
		return nil
	}
	return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: dst.As16()})
}

package reactor

import (
	"net"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epollDriver implements driver with non-blocking system calls.
type epollDriver struct{ s *shard }

// epoll returns the shard's poller, which exists once its loop runs.
func (d epollDriver) epoll() *epoll { return d.s.poll.(*epoll) }

// attachSocket takes a duplicate of the descriptor out of a *net.TCPConn; ok is
// false for anything else. The duplicate shares the socket, so closing nc
// afterwards takes it from Go's own poller and leaves the connection open.
func attachSocket(s *shard, c *Conn, nc net.Conn) (release func(own bool), ok bool, err error) {
	tc, isTCP := nc.(*net.TCPConn)
	if !isTCP {
		return nil, false, nil
	}
	raw, err := tc.SyscallConn()
	if err != nil {
		return nil, false, err
	}
	dup := -1
	cerr := raw.Control(func(fd uintptr) {
		dup, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	})
	if cerr != nil || err != nil {
		if cerr != nil {
			err = cerr
		}
		return nil, false, os.NewSyscallError("dup", err)
	}
	if low := s.r.cfg.NotSentLowat; low > 0 {
		// Best effort: without it the kernel merely buffers more.
		_ = unix.SetsockoptInt(dup, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, low)
	}
	c.fd = dup
	c.drv = epollDriver{s}
	return func(own bool) {
		if own {
			_ = nc.Close()
		} else {
			unix.Close(dup)
		}
	}, true, nil
}

// start implements driver.
func (d epollDriver) start(c *Conn) error {
	c.armed = unix.EPOLLIN
	ev := unix.EpollEvent{Events: c.armed, Fd: c.slot, Pad: c.gen}
	return os.NewSyscallError("epoll_ctl",
		unix.EpollCtl(d.epoll().fd, unix.EPOLL_CTL_ADD, c.fd, &ev))
}

// write implements driver.
func (d epollDriver) write(c *Conn, bufs [][]byte) (n int, pending bool, err error) {
	var errno unix.Errno
	total := len(bufs[0])
	if len(bufs) == 1 {
		n, errno = rawIO(unix.SYS_WRITE, c.fd, bufs[0])
	} else {
		n, total, errno = d.writev(c.fd, bufs)
	}
	switch errno {
	case 0:
		return n, n < total, nil
	case unix.EAGAIN:
		return 0, true, nil
	case unix.EINTR:
		return 0, false, nil
	}
	return 0, false, os.NewSyscallError("write", errno)
}

func (d epollDriver) writev(fd int, bufs [][]byte) (n, total int, errno unix.Errno) {
	e := d.epoll()
	iov := e.iov[:0]
	for _, b := range bufs {
		v := unix.Iovec{Base: &b[0]}
		v.SetLen(len(b))
		iov = append(iov, v)
		total += len(b)
	}
	e.iov = iov
	r, _, errno := unix.RawSyscall(unix.SYS_WRITEV, uintptr(fd),
		uintptr(unsafe.Pointer(&iov[0])), uintptr(len(iov)))
	clear(iov)
	if errno != 0 {
		return 0, total, errno
	}
	return int(r), total, 0
}

// interest implements driver.
func (d epollDriver) interest(c *Conn) {
	var events uint32
	if !c.paused && !c.eof {
		events |= unix.EPOLLIN
	}
	if c.waiting {
		events |= unix.EPOLLOUT
	}
	if events == c.armed {
		return
	}
	c.armed = events
	ev := unix.EpollEvent{Events: events, Fd: c.slot, Pad: c.gen}
	// Cannot fail for a descriptor that is in the set; should it, the stall or
	// close timer ends the connection.
	_ = unix.EpollCtl(d.epoll().fd, unix.EPOLL_CTL_MOD, c.fd, &ev)
}

// shutdown implements driver.
func (d epollDriver) shutdown(c *Conn) error { return unix.Shutdown(c.fd, unix.SHUT_WR) }

// acked implements driver: what was written less what the kernel still holds.
func (d epollDriver) acked(c *Conn) int64 {
	held, err := unix.IoctlGetInt(c.fd, unix.SIOCOUTQ)
	if err != nil {
		return c.acked
	}
	return c.written - int64(held)
}

// close implements driver. Closing the last descriptor also takes the socket
// out of the epoll set.
func (d epollDriver) close(c *Conn) {
	unix.Close(c.fd)
	c.fd = -1
}

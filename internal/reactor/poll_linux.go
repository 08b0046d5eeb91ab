package reactor

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// eventsPerWait bounds one batch of ready connections, and so how long the
// answers to the first of them wait for the last.
const eventsPerWait = 64

// wakeSlot marks the eventfd among the events.
const wakeSlot = -1

// epoll is the poller of one shard and the driver of its sockets.
//
// It is level-triggered. A turn reads once from each ready connection, and
// what it leaves in the socket is reported again in the next turn: fairness
// needs no list of half-read connections, and no missed edge can leave a
// connection hanging. A read that does not fill the buffer is not followed by
// another to see EAGAIN, so edge-triggering would save no read either. Its one
// gain would be EPOLLOUT: here it is armed only when a write was partial, which
// costs two epoll_ctl calls per time a peer falls behind.
type epoll struct {
	s      *shard
	fd     int
	wakeFD int
	events [eventsPerWait]unix.EpollEvent
	iov    []unix.Iovec
}

// newPoller makes the poller of s.
func newPoller(s *shard) (poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	wakeFD, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("eventfd", err)
	}
	e := &epoll{s: s, fd: fd, wakeFD: wakeFD}
	// Edge-triggered: the counter need not be read back to zero, every write
	// to it is a new edge.
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: wakeSlot}
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, wakeFD, &ev); err != nil {
		e.close()
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	return e, nil
}

// wait implements poller.
func (e *epoll) wait(d time.Duration) error {
	n, err := e.collect(d)
	if err != nil && err != unix.EINTR {
		return os.NewSyscallError("epoll_wait", err)
	}
	for i := range max(n, 0) {
		ev := &e.events[i]
		if ev.Fd == wakeSlot {
			continue
		}
		if c := e.s.at(ev.Fd, ev.Pad); c != nil {
			e.ready(c, ev.Events)
		}
	}
	return nil
}

// collect fills e.events. It tries without blocking first, by a raw call that
// the Go scheduler need not hear of; under load that is all it takes.
func (e *epoll) collect(d time.Duration) (int, error) {
	n, errno := e.tryWait()
	switch {
	case errno != 0:
		return 0, errno
	case n > 0 || d == 0:
		return n, nil
	}
	ms := -1
	if d > 0 {
		ms = int(min((d+time.Millisecond-1)/time.Millisecond, 1<<30))
	}
	return unix.EpollWait(e.fd, e.events[:], ms)
}

func (e *epoll) tryWait() (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(e.fd),
		uintptr(unsafe.Pointer(&e.events[0])), eventsPerWait, 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// ready reads from and writes to a connection the kernel reported.
func (e *epoll) ready(c *Conn, events uint32) {
	if events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		e.read(c)
	}
	if events&unix.EPOLLOUT != 0 && c.state != stateClosed {
		e.s.writable(c)
	}
}

// read brings at most one buffer of input to the handler.
func (e *epoll) read(c *Conn) {
	if c.eof { // reported again: the other direction is gone too
		e.s.kill(c, unix.ECONNRESET, ClosePeer)
		return
	}
	n, errno := rawIO(unix.SYS_READ, c.fd, e.s.buf)
	switch {
	case n > 0:
		e.s.input(c, e.s.buf[:n])
	case errno == 0:
		e.s.inputEnd(c, nil)
	case errno == unix.EAGAIN || errno == unix.EINTR:
	default:
		e.s.inputEnd(c, os.NewSyscallError("read", errno))
	}
}

// wake implements poller.
func (e *epoll) wake() {
	one := [8]byte{1} // the counter is in native order; any value but 0 will do
	_, _ = unix.Write(e.wakeFD, one[:])
}

// close implements poller.
func (e *epoll) close() {
	unix.Close(e.wakeFD)
	unix.Close(e.fd)
}

// rawIO reads or writes b on a socket in non-blocking mode. The call returns
// within microseconds whatever the peer does, so the scheduler is not told.
func rawIO(trap uintptr, fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

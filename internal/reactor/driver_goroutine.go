package reactor

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Sizes of the goroutine driver, in bytes.
const (
	streamReadBuffer = 16 << 10
	streamFlatten    = 16 << 10 // batches up to this become one Write
)

var errNoHalfClose = errors.New("reactor: the connection cannot close one direction")

// streamDriver implements driver for any net.Conn with goroutines: one that
// reads while the connection lives, and one that writes while a batch is on
// its way. They only carry bytes; every decision stays with the shard.
type streamDriver struct{ s *shard }

// stream is the goroutine driver's part of a connection.
type stream struct {
	nc       net.Conn
	data     []byte        // the reader's bytes, the shard's until it sends to next
	next     chan struct{} // lets the reader read again
	done     chan struct{} // closed with the connection
	progress atomic.Int64  // bytes written

	// Owned by the shard.
	held bool // the reader waits for the end of a pause
}

func newStream(nc net.Conn) *stream {
	return &stream{nc: nc, next: make(chan struct{}, 1), done: make(chan struct{})}
}

// start implements driver.
func (d *streamDriver) start(c *Conn) error {
	if err := c.stream.nc.SetDeadline(time.Time{}); err != nil {
		return err
	}
	size := min(d.s.r.cfg.ReadBuffer, streamReadBuffer)
	d.s.streams.Go(func() { c.stream.readLoop(c, make([]byte, size)) })
	return nil
}

// readLoop posts what it reads and waits until the shard has seen it.
func (st *stream) readLoop(c *Conn, buf []byte) {
	for {
		n, err := st.nc.Read(buf)
		if n > 0 {
			st.data = buf[:n]
			if !c.shard.post(op{kind: opData, conn: c}) {
				return
			}
			select {
			case <-st.next:
			case <-st.done:
				return
			}
		}
		if err != nil {
			c.shard.post(op{kind: opData, conn: c, err: err})
			return
		}
	}
}

// streamData takes what a reader has posted.
func (s *shard) streamData(c *Conn, err error) {
	if c.state == stateClosed {
		return
	}
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = nil
		}
		s.inputEnd(c, err)
		return
	}
	s.input(c, c.stream.data)
	// Behind what the handler has posted: a Pause comes before the next read.
	s.post(op{kind: opNext, conn: c})
}

// streamNext lets the reader read again, or keeps it for the end of a pause.
func (s *shard) streamNext(c *Conn) {
	if c.state != stateClosed {
		c.stream.held = true
		c.drv.interest(c)
	}
}

// interest implements driver.
func (d *streamDriver) interest(c *Conn) {
	if c.stream.held && !c.paused {
		c.stream.held = false
		c.stream.next <- struct{}{}
	}
}

// write implements driver.
func (d *streamDriver) write(c *Conn, bufs [][]byte) (n int, pending bool, err error) {
	total := 0
	for _, b := range bufs {
		total += len(b)
	}
	var out [][]byte
	if len(bufs) > 1 && total <= streamFlatten {
		flat := make([]byte, 0, total)
		for _, b := range bufs {
			flat = append(flat, b...)
		}
		out = [][]byte{flat}
	} else {
		out = append(out, bufs...)
	}
	d.s.streams.Go(func() { c.stream.writeAll(c, out) })
	return 0, true, nil
}

func (st *stream) writeAll(c *Conn, out [][]byte) {
	total := 0
	for _, b := range out {
		n, err := st.nc.Write(b)
		total += n
		st.progress.Add(int64(n))
		if err != nil {
			c.shard.post(op{kind: opWritten, conn: c, n: int64(total), err: err})
			return
		}
	}
	c.shard.post(op{kind: opWritten, conn: c, n: int64(total)})
}

// streamWritten takes a writer's report.
func (s *shard) streamWritten(c *Conn, n int, err error) {
	if c.state == stateClosed {
		return
	}
	s.wrote(c, n)
	if err != nil {
		s.kill(c, err, ClosePeer)
		return
	}
	s.writable(c)
}

// shutdown implements driver. It must not wait for the peer, as TLS may.
func (d *streamDriver) shutdown(c *Conn) error {
	half, ok := c.stream.nc.(interface{ CloseWrite() error })
	if !ok {
		return errNoHalfClose
	}
	d.s.streams.Go(func() { _ = half.CloseWrite() })
	return nil
}

// acked implements driver.
func (d *streamDriver) acked(c *Conn) int64 { return c.stream.progress.Load() }

// close implements driver. Closing a TLS connection may wait for the peer too.
func (d *streamDriver) close(c *Conn) {
	close(c.stream.done)
	nc := c.stream.nc
	d.s.streams.Go(func() { _ = nc.Close() })
}

package reactor

import "time"

// Handler is the owner's side of one connection. Its methods are called on the
// connection's shard only, one at a time: Open first, then any number of Data
// and Tick, and Closed exactly once at the end (without Open if the system
// refused to serve the connection). They must not block, for every connection
// of the shard waits meanwhile. A panic ends the connection, not the shard.
type Handler interface {
	// Open is called when the connection is served. An error closes it.
	Open(c *Conn) error
	// Data brings bytes from the peer. p is valid, and may be changed in
	// place, during the call only. An error closes the connection.
	Data(c *Conn, p []byte) error
	// Tick is called once after each time set by Conn.SetTimer.
	Tick(c *Conn, now time.Time)
	// Closed is the last call. err says why: io.EOF, an I/O error, one of
	// this package's errors, or the reason given by the handler or owner.
	Closed(c *Conn, err error)
}

// Farewell is an optional capability of a Handler: a last frame for an end the
// reactor or a handler error decides (ErrOverflow, ErrDrained, an error of
// Open or Data). Everything else in the queue is dropped for it. It is called
// on the shard; nil ends the connection at once.
type Farewell interface {
	Farewell(c *Conn, err error) *Frame
}

// Waker is an optional capability of a Handler: it fetches what it sends when it
// is told that there is something, and lets the peer's pace decide how much.
type Waker interface {
	// Wake is called on the shard once after the connection has joined a group,
	// and after Group.Wake: once for all that was done since the last call.
	Wake(c *Conn)
}

// Options describe a connection to Adopt.
type Options struct {
	// Initial holds bytes already read from the connection. They are the
	// first call of Data.
	Initial []byte
	// Variant is the encoding the peer speaks, below Variants.
	Variant uint8
	// Mask is the set of classes the peer may see.
	Mask Class
	// Queue bounds the outgoing queue; nil means Config.Queue. Share one value
	// between connections.
	Queue *Limits
}

type connState uint8

const (
	stateOpen      connState = iota
	stateClosing             // the last frame is queued; input is discarded
	stateLingering           // everything is written; waiting for the peer to close
	stateClosed
)

// Conn is one connection of a reactor. Its methods may be called from any
// goroutine, also after the end (they then do nothing), except where a comment
// says otherwise.
type Conn struct {
	// Immutable after Adopt.
	shard   *shard
	h       Handler
	drv     driver
	lim     *Limits
	stream  *stream // of the goroutine driver; nil with epoll
	fd      int     // of the epoll driver
	variant uint8

	// Owned by the shard.
	state     connState
	by        CloseReason
	waiting   bool // a write is pending: in flight, or the socket is full
	paused    bool
	eof       bool // the peer has closed its side
	inUrgent  bool // stands in the shard's urgent list
	inBulk    bool // stands in the shard's bulk list
	slot      int32
	gen       int32
	armed     uint32 // epoll: the events asked for
	mask      Class
	q         queue
	groups    []membership
	initial   []byte
	err       error // why it is ending
	written   int64 // bytes handed to the kernel
	acked     int64 // bytes taken by the peer when the stall timer was set
	userAt    time.Duration
	sysAt     time.Duration // stall, closing or linger deadline
	drainAt   time.Duration
	drainWith *Frame
	timer     timerNode
}

// Handler returns the handler given to Adopt.
func (c *Conn) Handler() Handler { return c.h }

// Variant returns the encoding the connection speaks.
func (c *Conn) Variant() uint8 { return c.variant }

// Shard returns the index of the shard that owns the connection.
func (c *Conn) Shard() int { return c.shard.index }

// Send queues f.
func (c *Conn) Send(f *Frame) { c.shard.post(op{kind: opSend, conn: c, frame: f}) }

// Reply queues f at once, ahead of what waits in the shard's inbox. It may be
// called from the connection's own handler only, and is meant for answers that
// must not wait, such as pongs.
func (c *Conn) Reply(f *Frame) {
	c.shard.enqueue(c, f)
	c.shard.urge(c)
}

// Push queues f like a broadcast: it is written in turn with what others were
// sent, as soon as all of them have theirs. It may be called from the connection's
// own handler only.
func (c *Conn) Push(f *Frame) {
	c.shard.enqueue(c, f)
	c.shard.line(c)
}

// Queued returns how many bytes wait for the peer to take them. It may be called
// from the connection's own handler only, and is for those that have more to send
// and let the peer's pace decide when.
func (c *Conn) Queued() int { return c.q.bytes }

// CloseAfter sends what is queued, then f (which may be nil), then closes the
// connection cleanly: the sending side is shut down and the peer gets
// Config.Linger to close its own, so that it can read the last frame. Input is
// discarded from now on. reason reaches Handler.Closed.
func (c *Conn) CloseAfter(f *Frame, reason error) {
	c.shard.post(op{kind: opEnd, conn: c, frame: f, err: reason, n: 1})
}

// Close closes the connection at once; what is queued is lost. reason reaches
// Handler.Closed.
func (c *Conn) Close(reason error) {
	c.shard.post(op{kind: opEnd, conn: c, err: reason})
}

// SetTimer asks for one Handler.Tick about d from now (at Config.TimerStep
// resolution, never early), in place of the one set before. Zero or less
// cancels. To push a deadline with every message, note the time and look at it
// in Tick instead: that costs nothing.
func (c *Conn) SetTimer(d time.Duration) {
	c.shard.post(op{kind: opTimer, conn: c, n: int64(d)})
}

// SetMask changes the set of classes the connection may see, for frames sent
// after it.
func (c *Conn) SetMask(m Class) {
	c.shard.post(op{kind: opMask, conn: c, n: int64(m)})
}

// Pause stops reading, so that the peer feels back pressure. Called from Data,
// it is the last Data until Resume; called from elsewhere, bytes that were
// already read may still follow.
func (c *Conn) Pause() { c.shard.post(op{kind: opPause, conn: c}) }

// Resume reads again.
func (c *Conn) Resume() { c.shard.post(op{kind: opResume, conn: c}) }

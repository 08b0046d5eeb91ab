// Package reactor moves bytes between many TCP connections and few cores.
//
// A [Reactor] has one shard per core. A shard is one goroutine that owns its
// connections outright: their epoll set, the one read buffer they share, their
// outgoing queues, their group memberships and their timers. Nothing a shard
// owns is locked; whoever wants something done there posts it to the shard's
// inbox. An idle connection costs one [Conn] and its file descriptor: no
// goroutine, no buffer, no time.Timer.
//
// What is sent is a [Frame]: immutable bytes, encoded once and shared by every
// queue that refers to them. A broadcast visits each shard once; the shard
// appends the reference to each member's queue, and when its inbox is drained
// flushes each connection with one writev. A write costs about 6.5 microseconds
// whatever its size, so frames that meet in a queue ride together.
//
// Where each member sends its own (a viewer that begins at a key frame and goes
// at its own pace), [Group.Wake] visits the shards in the same way, and members
// that are a [Waker] fetch what is theirs. Wakes that meet in an inbox are one.
//
// The package knows nothing of WebSocket or HTTP: a [Handler] sees bytes.
//
//	r, err := reactor.New(reactor.Config{})
//	go r.Run(ctx)                                   // blocks until ctx ends
//
//	conn, err := r.Adopt(nc, handler, reactor.Options{
//		Initial: pipelined,                     // bytes already read from nc
//		Variant: 1,                             // which encoding this peer speaks
//		Mask:    chat | playback,               // which classes it may see
//	})
//
//	room := r.NewGroup()
//	room.Join(conn)
//	room.Broadcast(reactor.NewFrame(reactor.Spec{
//		Kind:  reactor.State, Key: playbackKey, // latest wins in a slow queue
//		Class: playback,
//		Bytes: [reactor.Variants][]byte{protobufFrame, jsonFrame},
//	}))
//	conn.CloseAfter(closeFrame, errKicked)          // last frame, then a clean end
//
// A handler runs on its shard and must not block:
//
//	func (h *peer) Open(c *reactor.Conn) error           { c.SetTimer(30 * time.Second); return nil }
//	func (h *peer) Data(c *reactor.Conn, p []byte) error { c.Reply(pong); return nil }
//	func (h *peer) Tick(c *reactor.Conn, now time.Time)  { c.Send(ping); c.SetTimer(30 * time.Second) }
//	func (h *peer) Closed(c *reactor.Conn, err error)    {}
//
// # Order
//
// What one goroutine does with Join, Leave, Broadcast, Send, SetMask, Pause,
// CloseAfter and Close reaches each connection in that order. A connection sees
// a subsequence of what was sent to it, never a reordering: a State frame that
// replaces an older one takes the place at the end of the queue, not the old
// frame's. The one exception is [Conn.Reply], which overtakes the inbox (not
// the connection's queue), so that a clock ping is answered at once.
//
// # Slow peers
//
// A queue is bounded in bytes and frames ([Limits]). Above half of the bound,
// Droppable frames are not queued; at the bound, queued Droppable frames are
// thrown out; if that does not make room the connection is closed with
// [ErrOverflow]. A peer that takes nothing for Config.StallTimeout is closed
// with [ErrStalled]. Everything dropped and every end is counted by reason in
// [Stats].
//
// # Drivers
//
// On Linux a *net.TCPConn is served by epoll. Any other net.Conn (TLS,
// net.Pipe), and every connection on other systems, is served by goroutines
// that read and write on the shard's behalf; the shard, and with it every
// promise above, is the same code.
package reactor

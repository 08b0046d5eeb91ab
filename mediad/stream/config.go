package stream

import "time"

// Policy is what becomes of a second publisher.
type Policy uint8

// Policies. A connection that died without a word looks like a publisher until
// it times out, so refusing looks like an outage to whoever reconnects: taking
// over is the default.
const (
	TakeOver       Policy = iota // the newest publisher has the stream
	TakeOverIfIdle               // only from one that was silent for Config.Idle
	Refuse                       // the first one keeps it
)

// Config holds the limits of a stream. The zero value is the recommended one.
type Config struct {
	Policy Policy

	// MaxBytes caps the ring: payload and 256 bytes for each item. 0: 16 MiB.
	MaxBytes int
	// MaxTime caps the ring in time. 0: 20 s.
	MaxTime time.Duration
	// MaxPacket refuses packets that are larger, in bytes. 0: 8 MiB.
	MaxPacket int
	// MaxReaders of one stream. 0: 20,000.
	MaxReaders int

	// Grace is how long readers stay when the publisher has gone without a word. 0:
	// 10 s.
	Grace time.Duration
	// Parting is how long they stay when it has said that it is done: as long as an
	// encoder takes that begins anew on its connection. 0: 500 ms.
	Parting time.Duration
	// Idle is the silence after which TakeOverIfIdle takes over. 0: 5 s.
	Idle time.Duration
	// Stall is the silence after which a publisher is cut. 0: 30 s.
	Stall time.Duration

	// MaxLag is how far a reader may be behind before it is moved to the newest
	// key frame. 0: 10 s.
	MaxLag time.Duration
	// MaxJumps is how often it may be moved, with less than JumpMemory between two
	// times, before it is cut. 0: 4.
	MaxJumps int
	// JumpMemory is after how long a jump is forgotten. 0: 60 s.
	JumpMemory time.Duration

	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	def(&c.MaxBytes, 16<<20)
	def(&c.MaxTime, 20*time.Second)
	def(&c.MaxPacket, 8<<20)
	def(&c.MaxReaders, 20_000)
	def(&c.Grace, 10*time.Second)
	def(&c.Parting, 500*time.Millisecond)
	def(&c.Idle, 5*time.Second)
	def(&c.Stall, 30*time.Second)
	def(&c.MaxLag, 10*time.Second)
	def(&c.MaxJumps, 4)
	def(&c.JumpMemory, time.Minute)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// def sets a value that was left out.
func def[T int | time.Duration](p *T, v T) {
	if *p <= 0 {
		*p = v
	}
}

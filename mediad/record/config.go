package record

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"synctv/mediad/segments"
)

// Config says how streams are recorded. Archive and Ledger are needed; zero is the
// recommended value of everything else, but for Keep and KeepBytes.
type Config struct {
	Archive segments.Archive
	Ledger  Ledger

	// Fragment is how much is written at once, from key frame to key frame: what a
	// crash may lose. 0: 2 s.
	Fragment time.Duration
	// MaxDuration and MaxBytes are after how much another file begins. 0: 1 h, and
	// 2 GiB.
	MaxDuration time.Duration
	MaxBytes    int64
	// Keep is how long a file stays when it is complete, and KeepBytes how much all
	// files may be together. 0: for ever, and any number.
	Keep      time.Duration
	KeepBytes int64
	// MaxReaders is how many requests may read at once. 0: 1000.
	MaxReaders int
	// WriteTimeout ends an answer that nobody takes for so long. 0: 30 s.
	WriteTimeout time.Duration

	Log *slog.Logger // nil: slog.Default
}

func (c Config) withDefaults() Config {
	def(&c.Fragment, 2*time.Second)
	def(&c.MaxDuration, time.Hour)
	def(&c.MaxBytes, 2<<30)
	def(&c.MaxReaders, 1000)
	def(&c.WriteTimeout, 30*time.Second)
	c.MaxDuration = min(c.MaxDuration, maxDuration)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

func def[T int | int64 | time.Duration](p *T, v T) {
	if *p <= 0 {
		*p = v
	}
}

// maxDuration keeps the list of a file's fragments within what can be listed.
const maxDuration = 12 * time.Hour

// Film is a file as the ledger knows it.
type Film struct {
	ID     string
	Stream string
	File   string // its name in the archive, which has it below Stream
}

// Media is what is in a film.
type Media struct {
	VideoCodec, AudioCodec string
	Codecs                 []string // as RFC 6381 has them
	Width, Height          int
}

// ErrUnwanted is what a Ledger says of a film, or a stream, that is gone.
var ErrUnwanted = errors.New("record: nobody wants it any more")

// Ledger knows which films there are. Errors other than ErrUnwanted may pass.
type Ledger interface {
	// Begin makes a film.
	Begin(ctx context.Context, stream string, m Media) (Film, error)
	// Progress tells how far a film is; it is told every few seconds, so that others see that its maker lives.
	Progress(ctx context.Context, f Film, length time.Duration, size int64) error
	// End tells that a film is complete.
	End(ctx context.Context, f Film, length time.Duration, size int64) error
	// Forget tells that the file is not there: there never was anything in it, or it was removed.
	Forget(ctx context.Context, f Film) error
	// Lost tells that the file is not where it was put.
	Lost(ctx context.Context, f Film) error
	// Dead lists films whose maker gave no sign of life for a while.
	Dead(ctx context.Context) ([]Film, error)
	// Spent lists films that are to be removed.
	Spent(ctx context.Context, keep time.Duration, bytes int64) ([]Film, error)
	// Knows tells whether a file is of a film.
	Knows(ctx context.Context, file string) (bool, error)
}

func (f Film) title() segments.Title { return segments.Title{Stream: f.Stream, Name: f.File} }

// Package password turns passwords into argon2id hashes and checks them.
//
// Hashing is made to be slow and to need memory, so it is also a way to take a server down.
// A [Hasher] therefore does few at a time, lets few wait, and looks at a password's length before
// anything else.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/crypto/argon2"
)

// MaxBytes is the longest password that is hashed; longer ones are refused unseen.
const MaxBytes = 256

const (
	saltBytes = 16
	keyBytes  = 32
)

// The failures of a Hasher.
var (
	// ErrBusy means that the waiting line is full, or that the caller's time ran out in it.
	ErrBusy = errors.New("password: too many passwords are being checked")
	// ErrTooLong means that a password to be hashed has more than MaxBytes bytes.
	ErrTooLong = errors.New("password: longer than 256 bytes")
	// ErrEncoding means that a stored hash is not one of ours.
	ErrEncoding = errors.New("password: not an argon2id PHC string")
)

// Config is how hard hashing is. Zero values mean the defaults, which follow OWASP's second
// choice for argon2id: 19 MiB, two passes, one lane.
type Config struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
	// Slots is how many passwords are worked on at once; 0 means 2.
	Slots int
	// Waiting is how many may wait for a slot; 0 means 64.
	Waiting int
}

// Hasher hashes and verifies within its bounds. It is safe for concurrent use.
type Hasher struct {
	// immutable after New
	params params
	decoy  string // hash of nothing in particular, for accounts that do not exist

	slots chan struct{} // holds one value per hash being worked on
	line  chan struct{} // holds one value per caller, working or waiting
}

// New checks the configuration.
func New(cfg Config) (*Hasher, error) {
	h := &Hasher{params: params{cfg.MemoryKiB, cfg.Passes, cfg.Lanes}}
	if h.params.memoryKiB == 0 {
		h.params.memoryKiB = 19 << 10
	}
	if h.params.passes == 0 {
		h.params.passes = 2
	}
	if h.params.lanes == 0 {
		h.params.lanes = 1
	}
	if cfg.Slots == 0 {
		cfg.Slots = 2
	}
	if cfg.Waiting == 0 {
		cfg.Waiting = 64
	}
	if err := h.params.check(); err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	if cfg.Slots < 0 || cfg.Waiting < 0 {
		return nil, errors.New("password: slots and waiting must not be negative")
	}
	h.slots = make(chan struct{}, cfg.Slots)
	h.line = make(chan struct{}, cfg.Slots+cfg.Waiting)
	h.decoy = encode(h.params, make([]byte, saltBytes), make([]byte, keyBytes))
	return h, nil
}

// Hash returns the PHC string of a password, with a new salt. It fails with ErrTooLong and ErrBusy.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxBytes {
		return "", ErrTooLong
	}
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	key, err := h.derive(ctx, h.params, password, salt, keyBytes)
	if err != nil {
		return "", err
	}
	return encode(h.params, salt, key), nil
}

// Verify tells whether the password fits the hash. An empty hash costs as much as a real one and
// never fits, so that an account that does not exist takes as long as one that does. A password of
// more than MaxBytes bytes never fits. It fails with ErrBusy, and with ErrEncoding for a broken hash.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	if len(password) > MaxBytes {
		return false, nil
	}
	real := hash != ""
	if !real {
		hash = h.decoy
	}
	p, salt, want, err := decode(hash)
	if err != nil {
		return false, err
	}
	got, err := h.derive(ctx, p, password, salt, len(want))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && real, nil
}

// Outdated tells whether a hash was made with other parameters than those of now, so that it
// should be made anew when its owner signs in.
func (h *Hasher) Outdated(hash string) bool {
	p, _, _, err := decode(hash)
	return err != nil || p != h.params
}

// derive waits for a slot and does the work in it.
func (h *Hasher) derive(ctx context.Context, p params, password string, salt []byte, n int) ([]byte, error) {
	select {
	case h.line <- struct{}{}:
		defer func() { <-h.line }()
	default:
		return nil, ErrBusy
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, ErrBusy
	}
	if ctx.Err() != nil {
		return nil, ErrBusy
	}
	// The work cannot be interrupted; let others run before it occupies this thread.
	runtime.Gosched()
	return argon2.IDKey([]byte(password), salt, p.passes, p.memoryKiB, p.lanes, uint32(n)), nil
}

package apptest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"synctv/app"
)

// Clock is the time of this process, of a bubble inside testing/synctest.
type Clock struct{}

// Now implements app.Clock.
func (Clock) Now() int64 { return time.Now().UnixMicro() }

// Limits is app.Limiter in memory. It lets everything through, and counts, until it is turned on.
type Limits struct {
	mu      sync.Mutex
	on      bool                 // guarded by mu
	down    error                // guarded by mu
	buckets map[string]time.Time // guarded by mu; when the bucket is full again
	asked   map[string]int       // guarded by mu
}

// NewLimits returns a limiter that is off.
func NewLimits() *Limits {
	return &Limits{buckets: make(map[string]time.Time), asked: make(map[string]int)}
}

// TurnOn makes rates hold from now on.
func (l *Limits) TurnOn() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.on = true
}

// SetDown makes every call fail with err until it is nil again.
func (l *Limits) SetDown(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = err
}

// Asked returns what was taken of each key so far.
func (l *Limits) Asked(key string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked[key]
}

// Allow implements app.Limiter.
func (l *Limits) Allow(_ context.Context, key string, burst int, per time.Duration, cost int) (bool, time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked[key] += cost
	if l.down != nil || cost > burst {
		return false, 0, l.down
	}
	if !l.on {
		return true, 0, nil
	}
	now := time.Now()
	full := l.buckets[key]
	if full.Before(now) {
		full = now
	}
	full = full.Add(time.Duration(cost) * per)
	if wait := full.Sub(now) - time.Duration(burst)*per; wait > 0 {
		return false, wait, nil
	}
	l.buckets[key] = full
	return true, 0, nil
}

// Passwords is app.PasswordHasher without any hashing.
type Passwords struct{}

// Hash implements app.PasswordHasher.
func (Passwords) Hash(ctx context.Context, password string) (string, error) {
	return "plain:" + password, ctx.Err()
}

// Verify implements app.PasswordHasher; "old:" and the password fits too.
func (Passwords) Verify(ctx context.Context, hash, password string) (bool, error) {
	return hash == "plain:"+password || hash == "old:"+password, ctx.Err()
}

// Outdated implements app.PasswordHasher.
func (Passwords) Outdated(hash string) bool { return strings.HasPrefix(hash, "old:") }

// Tokens is app.TokenSigner without any signing.
type Tokens struct{}

// Sign implements app.TokenSigner.
func (Tokens) Sign(c app.Claims) (string, error) {
	data, err := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(data), err
}

// Verify implements app.TokenSigner.
func (Tokens) Verify(token string, now app.Time) (c app.Claims, err error) {
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil || now > c.Expires {
		return app.Claims{}, app.Errorf(app.CodeUnauthenticated, "The token does not hold.")
	}
	return c, nil
}

// Prober is app.Prober: it knows only what it was told.
type Prober struct {
	mu    sync.Mutex
	found map[string]func() (app.Probed, error) // guarded by mu
	asked []string                              // guarded by mu
}

// Know sets what is found at an address.
func (p *Prober) Know(url string, found app.Probed, err error) {
	p.Ask(url, func() (app.Probed, error) { return found, err })
}

// Ask sets who answers for an address.
func (p *Prober) Ask(url string, answer func() (app.Probed, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		p.found = make(map[string]func() (app.Probed, error))
	}
	p.found[url] = answer
}

// Asked lists the addresses that were looked at, in order.
func (p *Prober) Asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.asked...)
}

// CheckURL implements app.Prober.
func (p *Prober) CheckURL(string) error { return nil }

// Probe implements app.Prober.
func (p *Prober) Probe(_ context.Context, url string, _ map[string]string) (app.Probed, error) {
	p.mu.Lock()
	p.asked = append(p.asked, url)
	answer := p.found[url]
	p.mu.Unlock()
	if answer == nil {
		return app.Probed{}, app.Errorf(app.CodeUpstream, "There is nothing at this address.")
	}
	return answer()
}

// Signer is app.URLSigner: its addresses can be read. Addresses that hold "refused" are refused.
type Signer struct{}

// SignMedia implements app.URLSigner.
func (Signer) SignMedia(l app.MediaLink, now app.Time) (string, app.Time, error) {
	if strings.Contains(l.URL, "refused") {
		return "", 0, app.Errorf(app.CodeBlockedAddress, "This server may not go there.")
	}
	return fmt.Sprintf("/signed?room=%s&person=%s&url=%s&headers=%d&subtitle=%t", l.Room, l.Person, l.URL, len(l.Headers), l.Subtitle), now.Add(6 * time.Hour), nil
}

package apptest

import (
	"bytes"
	"context"
	"maps"
	"sync"
	"time"
)

// value is a byte string that ends by itself.
type value struct {
	data []byte
	ends time.Time
}

// Keys is app.KeyStore in memory.
type Keys struct {
	mu     sync.Mutex
	values map[string]value // guarded by mu
	down   error            // guarded by mu
}

// NewKeys returns an empty store.
func NewKeys() *Keys { return &Keys{values: make(map[string]value)} }

// SetDown makes every call fail with err until it is nil again.
func (k *Keys) SetDown(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.down = err
}

// Len counts living values.
func (k *Keys) Len() (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for key := range k.values {
		if _, ok := k.get(key); ok {
			n++
		}
	}
	return n
}

func (k *Keys) get(key string) ([]byte, bool) {
	v, ok := k.values[key]
	if !ok || !time.Now().Before(v.ends) {
		return nil, false
	}
	return bytes.Clone(v.data), true
}

// Set implements app.KeyStore.
func (k *Keys) Set(_ context.Context, key string, data []byte, ttl time.Duration) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down == nil {
		k.values[key] = value{bytes.Clone(data), time.Now().Add(ttl)}
	}
	return k.down
}

// SetIfAbsent implements app.KeyStore.
func (k *Keys) SetIfAbsent(_ context.Context, key string, data []byte, ttl time.Duration) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, had := k.get(key); had || k.down != nil {
		return false, k.down
	}
	k.values[key] = value{bytes.Clone(data), time.Now().Add(ttl)}
	return true, nil
}

// Take implements app.KeyStore.
func (k *Keys) Take(_ context.Context, key string) ([]byte, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down != nil {
		return nil, false, k.down
	}
	data, ok := k.get(key)
	delete(k.values, key)
	return data, ok, nil
}

// Get implements app.KeyStore.
func (k *Keys) Get(_ context.Context, key string) ([]byte, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down != nil {
		return nil, false, k.down
	}
	data, ok := k.get(key)
	return data, ok, nil
}

// Delete implements app.KeyStore.
func (k *Keys) Delete(_ context.Context, key string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.values, key)
	return k.down
}

// Presence is app.PresenceStore in memory.
type Presence struct {
	mu    sync.Mutex
	rooms map[string]map[string]value // guarded by mu; room, node
	cut   map[string]bool             // guarded by mu
	down  error                       // guarded by mu
}

// NewPresence returns an empty store.
func NewPresence() *Presence {
	return &Presence{rooms: make(map[string]map[string]value), cut: make(map[string]bool)}
}

// SetDown makes every call fail with err until it is nil again.
func (p *Presence) SetDown(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = err
}

// Cut ignores what a node says from now on, as when it has died.
func (p *Presence) Cut(node string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut[node] = true
}

// Put implements app.PresenceStore.
func (p *Presence) Put(_ context.Context, room, node string, entries []byte, ttl time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != nil || p.cut[node] {
		return p.down
	}
	if p.rooms[room] == nil {
		p.rooms[room] = make(map[string]value)
	}
	p.rooms[room][node] = value{bytes.Clone(entries), time.Now().Add(ttl)}
	return nil
}

// Remove implements app.PresenceStore.
func (p *Presence) Remove(_ context.Context, room, node string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.cut[node] {
		delete(p.rooms[room], node)
	}
	return p.down
}

// All implements app.PresenceStore.
func (p *Presence) All(_ context.Context, room string) (map[string][]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != nil {
		return nil, p.down
	}
	all := make(map[string][]byte)
	for node, v := range maps.Clone(p.rooms[room]) {
		if time.Now().Before(v.ends) {
			all[node] = bytes.Clone(v.data)
		}
	}
	return all, nil
}

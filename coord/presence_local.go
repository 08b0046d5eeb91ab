package coord

import (
	"bytes"
	"context"
	"time"
)

// LocalPresence holds who is where in memory. See coordtest.Presence for the contract.
type LocalPresence struct{ t *table[presentNodes] }

// presentNodes is one room: what each node says about it, each with its own end.
type presentNodes map[string]presentEntry

type presentEntry struct {
	entries []byte
	ends    int64
}

func newLocalPresence(cfg LocalConfig, now func() int64) *LocalPresence {
	return &LocalPresence{newTable("presence", cfg.MaxEntries, cfg.MaxBytes, now, func(room string, nodes presentNodes) int64 {
		size := int64(len(room) + keyOverhead)
		for node, e := range nodes {
			size += int64(len(node) + len(e.entries) + keyOverhead)
		}
		return size
	})}
}

// Put replaces what node says about room, until ttl is over.
func (p *LocalPresence) Put(ctx context.Context, room, node string, entries []byte, ttl time.Duration) error {
	if err := checkPut(ctx, "presence.Put", room, node, entries, ttl); err != nil {
		return err
	}
	entries = bytes.Clone(entries)
	return p.t.update(room, func(old presentNodes, _ bool, now int64) (presentNodes, int64, verdict) {
		nodes := old.alive(now)
		nodes[node] = presentEntry{entries, now + ttl.Microseconds()}
		return nodes, nodes.end(), put
	})
}

// Remove forgets what node said about room.
func (p *LocalPresence) Remove(ctx context.Context, room, node string) error {
	if err := checkPresence(ctx, "presence.Remove", room, node); err != nil {
		return err
	}
	return p.t.update(room, func(old presentNodes, _ bool, now int64) (presentNodes, int64, verdict) {
		nodes := old.alive(now)
		delete(nodes, node)
		if len(nodes) == 0 {
			return nil, 0, drop
		}
		return nodes, nodes.end(), put
	})
}

// All returns what every node with a live entry says about room.
func (p *LocalPresence) All(ctx context.Context, room string) (map[string][]byte, error) {
	if err := checkRoom(ctx, "presence.All", room); err != nil {
		return nil, err
	}
	all := make(map[string][]byte)
	err := p.t.update(room, func(old presentNodes, _ bool, now int64) (presentNodes, int64, verdict) {
		for node, e := range old {
			if e.ends > now {
				all[node] = bytes.Clone(e.entries)
			}
		}
		return nil, 0, leave
	})
	return all, err
}

// alive copies the entries that have not ended: the stored map is never changed, so that a refused update leaves it whole.
func (n presentNodes) alive(now int64) presentNodes {
	c := make(presentNodes, len(n)+1)
	for node, e := range n {
		if e.ends > now {
			c[node] = e
		}
	}
	return c
}

func (n presentNodes) end() (last int64) {
	for _, e := range n {
		last = max(last, e.ends)
	}
	return last
}

func checkRoom(ctx context.Context, op, room string) error {
	if ctx.Err() != nil {
		return away(ctx, op, ctx.Err())
	}
	return checkName(op, "room", room)
}

func checkPresence(ctx context.Context, op, room, node string) error {
	if err := checkRoom(ctx, op, room); err != nil {
		return err
	}
	return checkNode(op, node)
}

func checkPut(ctx context.Context, op, room, node string, entries []byte, ttl time.Duration) error {
	if err := checkPresence(ctx, op, room, node); err != nil {
		return err
	}
	if err := checkTTL(op, ttl); err != nil {
		return err
	}
	return checkSize(op, entries, MaxValue)
}

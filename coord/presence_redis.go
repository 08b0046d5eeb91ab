package coord

import (
	"context"
	"time"
)

// RedisPresence holds who is where in Redis. See coordtest.Presence for the contract.
type RedisPresence struct{ l *link }

// Put replaces what node says about room, until ttl is over.
func (p *RedisPresence) Put(ctx context.Context, room, node string, entries []byte, ttl time.Duration) error {
	const op = "presence.Put"
	if err := checkPut(ctx, op, room, node, entries, ttl); err != nil {
		return err
	}
	return p.l.do(ctx, op, func(ctx context.Context) error {
		return p.l.scripts.presencePut.Run(ctx, p.l.client, []string{p.l.key("p:", room)}, node, ceilMillis(ttl), entries).Err()
	})
}

// Remove forgets what node said about room.
func (p *RedisPresence) Remove(ctx context.Context, room, node string) error {
	const op = "presence.Remove"
	if err := checkPresence(ctx, op, room, node); err != nil {
		return err
	}
	return p.l.do(ctx, op, func(ctx context.Context) error { return p.l.client.HDel(ctx, p.l.key("p:", room), node).Err() })
}

// All returns what every node with a live entry says about room.
func (p *RedisPresence) All(ctx context.Context, room string) (all map[string][]byte, err error) {
	const op = "presence.All"
	if err := checkRoom(ctx, op, room); err != nil {
		return nil, err
	}
	err = p.l.do(ctx, op, func(ctx context.Context) error {
		flat, err := p.l.scripts.presenceAll.Run(ctx, p.l.client, []string{p.l.key("p:", room)}).StringSlice()
		if err != nil {
			return err
		}
		if len(flat)%2 != 0 {
			return errReply
		}
		all = make(map[string][]byte, len(flat)/2)
		for i := 0; i < len(flat); i += 2 {
			all[flat[i]] = []byte(flat[i+1])
		}
		return nil
	})
	return all, err
}

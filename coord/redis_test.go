package coord_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"synctv/coord"
	"synctv/coord/coordtest"
	"synctv/internal/peertest"
)

var testKey = bytes.Repeat([]byte("k"), 32)

// openRedis returns a running, ready node.
func openRedis(t testing.TB, cfg coord.RedisConfig) *coord.Redis {
	t.Helper()
	if cfg.Key == nil {
		cfg.Key = testKey
	}
	if cfg.Workers == 0 {
		cfg.Workers = 4
	}
	r, err := coord.NewRedis(cfg)
	if err != nil {
		t.Fatal(err)
	}
	runs(t, "Redis.Run", r.Run)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := r.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	return r
}

func redisNode(id string, r *coord.Redis) *coordtest.Node {
	return &coordtest.Node{ID: id, Bus: r.Bus, Presence: r.Presence, Keys: r.Keys, Limiter: r.Limiter, Leases: r.Leases, Clock: r.Clock}
}

func TestRedis(t *testing.T) {
	url := peertest.Redis(t)
	coordtest.Test(t, func(t testing.TB, n int) []*coordtest.Node {
		prefix := peertest.Prefix(t)
		var nodes []*coordtest.Node
		for i := range n {
			id := fmt.Sprintf("node-%d", i+1)
			// Wall clocks hours apart: nothing may depend on them.
			wall := func() time.Time { return time.Now().Add(time.Duration(i) * -25 * time.Hour) }
			nodes = append(nodes, redisNode(id, openRedis(t, coord.RedisConfig{URL: url, Prefix: prefix, NodeID: id, Wall: wall})))
		}
		return nodes
	})
}

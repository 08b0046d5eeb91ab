package coord

import (
	"context"
	"embed"
	"errors"

	"github.com/redis/go-redis/v9"
)

//go:embed scripts/*.lua
var scriptFiles embed.FS

// scripts are the steps Redis does atomically for us. Each is sent by its hash; after a restart of Redis once in full.
type scripts struct {
	clock, limit, leaseAcquire, leaseRenew, presencePut, presenceAll *redis.Script
}

func loadScripts() (*scripts, error) {
	s := &scripts{}
	for name, to := range map[string]**redis.Script{
		"clock": &s.clock, "limit": &s.limit,
		"lease_acquire": &s.leaseAcquire, "lease_renew": &s.leaseRenew,
		"presence_put": &s.presencePut, "presence_all": &s.presenceAll,
	} {
		src, err := scriptFiles.ReadFile("scripts/" + name + ".lua")
		if err != nil {
			return nil, err
		}
		*to = redis.NewScript(string(src))
	}
	return s, nil
}

// link is what the Redis parts share: the client, the scripts and the rules for calling.
type link struct {
	client  *redis.Client
	scripts *scripts
	cfg     RedisConfig
}

// errReply says that a script answered with something else than we wrote it to.
var errReply = errors.New("unexpected reply")

// do calls Redis within the operation's timeout and translates the error. redis.Nil is not an error here but a reply.
func (l *link) do(ctx context.Context, op string, call func(ctx context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	err := call(limited)
	switch {
	case err == nil || errors.Is(err, redis.Nil):
		return nil
	case errors.Is(err, redis.ErrClosed):
		return &Error{Kind: KindClosed, Op: op, Err: err}
	}
	return away(ctx, op, err)
}

func (l *link) key(space, name string) string { return l.cfg.Prefix + space + name }

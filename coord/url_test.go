package coord_test

import (
	"errors"
	"strings"
	"testing"

	"synctv/coord"
)

func TestParseURL(t *testing.T) {
	const secret = "hunter2"
	for _, c := range []struct{ url, want, fails string }{
		{"redis://localhost", "tcp localhost:6379 database 0", ""},
		{"redis://u:hunter2@10.0.0.1:7000/3", "tcp 10.0.0.1:7000 database 3", ""},
		{"redis://:hunter2@h?db=4", "tcp h:6379 database 4", ""},
		{"redis://[::1]:7000/", "tcp [::1]:7000 database 0", ""},
		{"rediss://redis.example/1", "tcp redis.example:6379 database 1", ""},
		{"unix:///run/redis.sock?db=2", "unix /run/redis.sock database 2", ""},
		{"unix://:hunter2@/run/redis.sock", "unix /run/redis.sock database 0", ""},
		{"", "", "no scheme"},
		{"localhost:6379", "", "unknown scheme"},
		{"http://localhost", "", "unknown scheme"},
		{"redis:///0", "", "no host"},
		{"redis://h:0", "", "port"},
		{"redis://h:65536", "", "port"},
		{"redis://:hunter2@h:port", "", "percent-encoded"},
		{"redis://:hunter2%@h", "", "percent-encoded"},
		{"redis://:hunter2#x@h", "", ""},
		{"redis://h/one", "", "database"},
		{"redis://h/-1", "", "database"},
		{"redis://h/1/2", "", "database"},
		{"redis://h/1?db=2", "", "understood"},
		{"redis://h?db=1&db=2", "", "understood"},
		{"redis://h?pool_size=3", "", `"pool_size"`},
		{"redis://h/1#2", "", "#"},
		{"unix://", "", "absolute path"},
		{"unix://run/redis.sock", "", "absolute path"},
	} {
		got, err := coord.ParseURL(c.url)
		if c.want != "" {
			if err != nil || got != c.want {
				t.Errorf("%s: %q, %v", c.url, got, err)
			}
			continue
		}
		if !errors.Is(err, coord.ErrInvalid) || !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s: %v, want %q", c.url, err, c.fails)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error shows the password: %v", c.url, err)
		}
	}
}

func TestRedisConfig(t *testing.T) {
	good := coord.RedisConfig{URL: "redis://h", NodeID: "n", Key: testKey}
	if _, err := coord.NewRedis(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*coord.RedisConfig){
		"no url":       func(c *coord.RedisConfig) { c.URL = "" },
		"no node":      func(c *coord.RedisConfig) { c.NodeID = "" },
		"long node":    func(c *coord.RedisConfig) { c.NodeID = strings.Repeat("n", coord.MaxNode+1) },
		"no key":       func(c *coord.RedisConfig) { c.Key = nil },
		"short key":    func(c *coord.RedisConfig) { c.Key = testKey[:31] },
		"long prefix":  func(c *coord.RedisConfig) { c.Prefix = strings.Repeat("p", 200) },
		"timeout":      func(c *coord.RedisConfig) { c.Timeout = 1 },
		"long timeout": func(c *coord.RedisConfig) { c.Timeout = 1 << 40 },
		"workers":      func(c *coord.RedisConfig) { c.Workers = -1 },
	} {
		cfg := good
		change(&cfg)
		if _, err := coord.NewRedis(cfg); !errors.Is(err, coord.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"redis://u:p@h:1/2?db=3#f", "unix:///a?db=1", "rediss://[::1]", "redis://%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := coord.ParseURL(s); err != nil && !errors.Is(err, coord.ErrInvalid) {
			t.Fatal(err)
		}
	})
}

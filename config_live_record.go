package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"synctv/internal/env"
)

// LiveRecord is where recordings of live streams are kept, and for how long.
type LiveRecord struct {
	Store       string        `env:"RECORD_STORE" envDefault:"file" doc:"Where recordings of streams are kept: file, s3, oss (another name for s3), memory (until the server stops), or off. The nodes of a cluster need s3, or one folder that they share."`
	Dir         string        `env:"RECORD_DIR" doc:"Folder of recordings that are files; recordings in the data folder when not set." example:"/srv/recordings"`
	S3Prefix    string        `env:"RECORD_S3_PREFIX" envDefault:"synctv/recordings" doc:"Begin of the names of recordings in the bucket of SYNCTV_LIVESTREAM_S3_BUCKET. What lies below it belongs to this server or its cluster."`
	MemoryMiB   uint32        `env:"RECORD_MEMORY_MIB" envDefault:"512" doc:"Size of recordings in memory together, in MiB, 16 to 1048576."`
	Fragment    time.Duration `env:"RECORD_FRAGMENT" envDefault:"2s" doc:"How much of a recording is written at once, 1s to 30s: what a crash may lose. An object store keeps one object for each."`
	MaxDuration time.Duration `env:"RECORD_MAX_DURATION" envDefault:"1h" doc:"Length at which a recording ends and another one goes on, 10s to 12h."`
	MaxMiB      uint32        `env:"RECORD_MAX_MIB" envDefault:"2048" doc:"Size at which a recording ends and another one goes on, in MiB, 1 to 65536."`
	Keep        time.Duration `env:"RECORD_KEEP" envDefault:"720h" doc:"How long a recording is kept, at most 87600h; 0 is for ever."`
	KeepMiB     uint32        `env:"RECORD_KEEP_MIB" envDefault:"20480" doc:"How much all recordings may be together, in MiB; the oldest go first. At least twice the size of one; 0 is any number."`
}

// remote tells whether recordings are in the object store.
func (c *LiveRecord) remote() bool { return c.Store == "s3" || c.Store == "oss" }

// problems checks numbers, and what the store that was chosen needs.
func (c *LiveRecord) problems(store *LiveStore) (ps env.Problems) {
	bad := func(name, wrong, do string) {
		ps = append(ps, env.Problem{Name: envPrefix + "LIVESTREAM_" + name, Wrong: wrong, Do: do})
	}
	within := func(name string, v, lo, hi uint32) {
		if v < lo || v > hi {
			bad("RECORD_"+name, fmt.Sprintf("%d is out of range.", v), fmt.Sprintf("Choose a number from %d to %d.", lo, hi))
		}
	}
	span := func(name string, v, lo, hi time.Duration) {
		if v < lo || v > hi {
			bad("RECORD_"+name, v.String()+" is out of range.", fmt.Sprintf("Choose a duration from %v to %v.", lo, hi))
		}
	}
	if !slices.Contains([]string{"off", "memory", "file", "s3", "oss"}, c.Store) {
		bad("RECORD_STORE", strconv.Quote(c.Store)+" is not a choice.", "Choose one of: off, memory, file, s3, oss.")
	}
	within("MEMORY_MIB", c.MemoryMiB, 16, 1<<20)
	within("MAX_MIB", c.MaxMiB, 1, 65536)
	span("FRAGMENT", c.Fragment, time.Second, 30*time.Second)
	span("MAX_DURATION", c.MaxDuration, 10*time.Second, 12*time.Hour)
	span("KEEP", c.Keep, 0, 10*365*24*time.Hour)
	if c.KeepMiB != 0 && uint64(c.KeepMiB) < 2*uint64(c.MaxMiB) {
		bad("RECORD_KEEP_MIB", fmt.Sprintf("%d is less than two recordings of SYNCTV_LIVESTREAM_RECORD_MAX_MIB.", c.KeepMiB), "Choose more, or smaller recordings, or 0 for any number.")
	}
	if !c.remote() || store.Backend == "s3" || store.Backend == "oss" {
		return ps // or they are checked there
	}
	for _, need := range []struct{ name, value string }{{"S3_ENDPOINT", string(store.S3Endpoint)}, {"S3_BUCKET", store.S3Bucket},
		{"S3_ACCESS_KEY", store.S3AccessKey}, {"S3_SECRET_KEY", store.S3SecretKey}} {
		if need.value == "" {
			bad(need.name, "SYNCTV_LIVESTREAM_RECORD_STORE="+c.Store+" needs it.", "Set it, or set SYNCTV_LIVESTREAM_RECORD_STORE to file, memory or off.")
		}
	}
	return ps
}

// RecordingsDir is the folder of recordings, "" when they are in none.
func (c *Config) RecordingsDir() string {
	if c.Livestream.Record.Store != "file" {
		return ""
	}
	if d := c.Livestream.Record.Dir; d != "" {
		return d
	}
	return filepath.Join(c.DataDir, "recordings")
}

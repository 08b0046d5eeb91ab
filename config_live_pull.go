package main

import (
	"strconv"
	"time"

	"synctv/internal/env"
)

// LivePull bounds the live sources that are received from elsewhere.
type LivePull struct {
	Max     uint32        `env:"PULL_MAX" envDefault:"100" doc:"Live sources (RTMP, HTTP-FLV, HLS) that this node receives from elsewhere at the same time, for everybody who watches; 0 allows none. Sources in your own network need SYNCTV_MEDIA_ALLOW_PRIVATE."`
	PerRoom uint32        `env:"PULL_PER_ROOM" envDefault:"20" doc:"Live sources that may be items of one room."`
	Linger  time.Duration `env:"PULL_LINGER" envDefault:"15s" doc:"How long a source is received on when nobody watches any more, 5s to 1h."`
}

// problems checks numbers and durations.
func (c *LivePull) problems() (ps env.Problems) {
	bad := func(name, wrong, do string) {
		ps = append(ps, env.Problem{Name: envPrefix + "LIVESTREAM_PULL_" + name, Wrong: wrong, Do: do})
	}
	if c.Max > 10_000 {
		bad("MAX", strconv.Itoa(int(c.Max))+" is out of range.", "Choose a number from 0 to 10000.")
	}
	if c.PerRoom < 1 || c.PerRoom > 200 {
		bad("PER_ROOM", strconv.Itoa(int(c.PerRoom))+" is out of range.", "Choose a number from 1 to 200.")
	}
	if c.Linger < 5*time.Second || c.Linger > time.Hour {
		bad("LINGER", c.Linger.String()+" is out of range.", "Choose a duration from 5s to 1h.")
	}
	return ps
}

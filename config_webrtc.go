package main

import (
	"strings"

	"synctv/internal/env"
)

// WebRTCConfig is what browsers need to talk to each other.
type WebRTCConfig struct {
	STUNHost      string `env:"STUN_HOST" doc:"Address on which STUN is answered; all of them when not set." example:"203.0.113.7"`
	STUNPort      uint16 `env:"STUN_PORT" envDefault:"0" doc:"UDP port on which STUN requests are answered, so that browsers learn their public address; 0 turns it off." example:"3478"`
	PublicSTUNURL string `env:"PUBLIC_STUN_URL" doc:"Address of the STUN server that clients are told of, such as another one. When not set, it is the host of the page with the STUN port." example:"stun:stun.example.org:3478"`
}

// STUNAddr is where STUN is answered, "" when nowhere.
func (c *WebRTCConfig) STUNAddr() string {
	if c.STUNPort == 0 {
		return ""
	}
	return joinPort(c.STUNHost, c.STUNPort)
}

func (c *WebRTCConfig) problems() (ps env.Problems) {
	if s := c.PublicSTUNURL; s != "" && !stunURL(s) {
		ps = append(ps, env.Problem{Name: envPrefix + "WEBRTC_PUBLIC_STUN_URL", Wrong: "it is not the address of a STUN server.", Do: "Write it like stun:stun.example.org:3478."})
	}
	return ps
}

// stunURL tells an address like stun:host or stun:host:port (RFC 7064); stuns: is the same with TLS.
func stunURL(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	return ok && (scheme == "stun" || scheme == "stuns") && !strings.ContainsAny(rest, "/?#@ ") && plainURL("stun://"+rest, "stun")
}

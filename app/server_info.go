package app

import (
	"net"
	"strconv"
	"strings"
)

// ServerInfo is what anyone may know of this server.
type ServerInfo struct {
	Name, Version    string
	RegistrationOpen bool
	GuestsAllowed    bool
	MaxMessageChars  int
	// ICEServers are addresses that tell a browser where it is seen, like stun:host:3478 (RFC 7064).
	ICEServers []string
}

// ServerInfo returns what anyone may know of this server.
func (a *App) ServerInfo(from Origin) ServerInfo {
	return ServerInfo{a.cfg.Name, a.cfg.Version, a.cfg.RegistrationOpen, a.cfg.GuestsAllowed, maxMessageRunes, a.cfg.iceServers(from)}
}

func (c *Config) iceServers(from Origin) []string {
	if c.STUNURL != "" {
		return []string{c.STUNURL}
	}
	host := hostName(from.Host)
	if c.STUNPort == 0 || host == "" {
		return nil
	}
	return []string{"stun:" + net.JoinHostPort(host, strconv.Itoa(int(c.STUNPort)))}
}

// hostName is a host without port and brackets, "" for what cannot be one.
func hostName(host string) string {
	host = plainHost(host)
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.Trim(host, "[]")
}

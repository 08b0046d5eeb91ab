package main

import (
	"crypto/tls"
	"log/slog"
	"net/url"
	"slices"
	"strings"

	"synctv/internal/certfile"
	"synctv/internal/env"
)

// LivestreamConfig is how live streams are reached, and who has a say in them.
type LivestreamConfig struct {
	RTMPHost      string     `env:"RTMP_HOST" doc:"Address on which encoders are waited for; all of them when not set." example:"127.0.0.1"`
	RTMPPort      uint16     `env:"RTMP_PORT" envDefault:"1935" doc:"Port on which encoders publish, and players may watch, over RTMP; 0 turns it off. When it is not set and 1935 is taken by somebody else, the server starts without."`
	TLSCert       string     `env:"TLS_CERT" doc:"File with a certificate and its chain (PEM). With it encoders may come by TLS (rtmps://) to the same port. When the file changes it is read again." example:"/etc/synctv/fullchain.pem"`
	TLSKey        string     `env:"TLS_KEY" doc:"File with the key of that certificate (PEM)." example:"/etc/synctv/privkey.pem"`
	PublicRTMPURL string     `env:"PUBLIC_RTMP_URL" doc:"Address under which encoders reach this server; shown to those who stream. When not set, it is the host of the page with the RTMP port." example:"rtmp://live.example.org:1935"`
	PublicHTTPURL env.WebURL `env:"PUBLIC_HTTP_URL" doc:"Address under which players reach live streams over HTTP, such as that of a CDN. When not set, it is the host of the page." example:"https://cdn.example.org"`
	HooksURL      string     `env:"HOOKS_URL" doc:"Address that is asked before somebody publishes or watches, and told when they leave: a POST with JSON as SRS sends it, see docs/protocol.md. It may be in your own network." example:"http://127.0.0.1:9000/hooks"`
	HooksSecret   string     `env:"HOOKS_SECRET" secret:"true" doc:"Secret that hooks are signed with, at least 16 characters."`

	Limits LiveLimits `envPrefix:""`
	Pull   LivePull   `envPrefix:""`
	Store  LiveStore  `envPrefix:""`
	Record LiveRecord `envPrefix:""`

	portChosen bool // RTMPPort is what the operator has set, not the default
}

// RTMPAddr is where encoders are waited for, "" when nowhere.
func (c *Config) RTMPAddr() string {
	if c.Livestream.RTMPPort == 0 {
		return ""
	}
	return joinPort(c.Livestream.RTMPHost, c.Livestream.RTMPPort)
}

// tls is how TLS is spoken with encoders, nil when it is not.
func (c *LivestreamConfig) tls(log *slog.Logger) (*tls.Config, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	files, err := certfile.Open(c.TLSCert, c.TLSKey, log)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.Certificate}, nil
}

// problems checks addresses and the secret.
func (c *LivestreamConfig) problems() (ps env.Problems) {
	bad := func(name, wrong, do string) {
		ps = append(ps, env.Problem{Name: envPrefix + "LIVESTREAM_" + name, Wrong: wrong, Do: do})
	}
	if s := c.PublicRTMPURL; s != "" && !plainURL(s, "rtmp", "rtmps") {
		bad("PUBLIC_RTMP_URL", "it is not an RTMP address.", "Write it like rtmp://live.example.org:1935, or with rtmps://.")
	}
	if s := c.HooksURL; s != "" && !urlOf(s, "http", "https") {
		bad("HOOKS_URL", "it is not a web address.", "Write it like http://127.0.0.1:9000/hooks.")
	}
	if n := len(c.HooksSecret); n > 0 && n < 16 {
		bad("HOOKS_SECRET", "it is shorter than 16 characters.", "Use random ones, for example from: openssl rand -hex 32.")
	}
	if c.TLSCert != "" && c.TLSKey == "" {
		bad("TLS_KEY", "it is not set, and SYNCTV_LIVESTREAM_TLS_CERT is.", "Name the file with the certificate's key.")
	}
	if c.TLSKey != "" && c.TLSCert == "" {
		bad("TLS_CERT", "it is not set, and SYNCTV_LIVESTREAM_TLS_KEY is.", "Name the file with the key's certificate.")
	}
	return slices.Concat(ps, c.Limits.problems(), c.Pull.problems(), c.Store.problems(), c.Record.problems(&c.Store), c.Store.apart(&c.Record))
}

func (c *LivestreamConfig) warnings() (w []string) {
	if c.TLSCert != "" && c.RTMPPort == 0 {
		w = append(w, "SYNCTV_LIVESTREAM_TLS_CERT is set with SYNCTV_LIVESTREAM_RTMP_PORT=0: no encoder is taken, by TLS or without.")
	}
	if c.HooksURL == "" && c.HooksSecret != "" {
		w = append(w, "SYNCTV_LIVESTREAM_HOOKS_SECRET is set without SYNCTV_LIVESTREAM_HOOKS_URL: no hook is called.")
	}
	if c.HooksURL != "" && c.HooksSecret == "" {
		w = append(w, "SYNCTV_LIVESTREAM_HOOKS_URL is set without SYNCTV_LIVESTREAM_HOOKS_SECRET: who gets the hooks cannot tell who sends them.")
	}
	if !c.Record.remote() {
		w = append(w, c.Store.warnings()...)
	}
	return slices.Concat(w, c.Limits.warnings(&c.Store))
}

// plainURL tells an address of one of the schemes that has a host and a path, and nothing else.
func plainURL(s string, schemes ...string) bool {
	u, err := url.Parse(s)
	return err == nil && urlOf(s, schemes...) && u.User == nil && u.RawQuery == "" && u.Fragment == "" && !strings.ContainsAny(s, "?#")
}

// hooksHost is the one destination that hooks may reach wherever it is: the operator has named it.
func (c *LivestreamConfig) hooksHost() string { return hostPort(c.HooksURL) }

package guard

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// ClientConfig shapes an HTTP client. The zero value is the default.
type ClientConfig struct {
	// MaxRedirects is how many redirects are followed; 0 means 5, negative means none (the redirect itself is returned).
	MaxRedirects int
	// HeaderTimeout bounds the wait for response headers after the request is written; 0 means 15 s.
	HeaderTimeout time.Duration
	// MaxHeaderBytes bounds response headers, informational responses included; 0 means 64 KiB.
	MaxHeaderBytes int64
	// Timeout bounds a whole exchange including the body; 0 means none (media bodies have their own watch).
	Timeout time.Duration
	// MaxIdlePerHost is how many idle connections are kept to one origin; 0 means 8.
	MaxIdlePerHost int
	// MaxConnsPerHost bounds the connections to one origin; 0 means 1024.
	MaxConnsPerHost int
	// TLS is the base TLS configuration; nil means the system's roots and TLS 1.2 or newer. Verification cannot be turned off.
	TLS *tls.Config
}

// Client returns an HTTP client that can only reach what the guard allows. It knows no proxy from the environment and no cookie
// jar, speaks HTTP/1.1 over http and https, never decompresses, judges every hop of a redirect, and gives up everything but plain
// request headers for good once a redirect has left the first origin.
func (g *Guard) Client(cfg ClientConfig) *http.Client {
	limit := cfg.MaxRedirects
	if limit == 0 {
		limit = 5
	}
	return &http.Client{
		Transport: &transport{guard: g, next: g.roundTripper(cfg)},
		Timeout:   cfg.Timeout,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if limit < 0 {
				return http.ErrUseLastResponse
			}
			if len(via) > limit {
				return denied(ReasonRedirect)
			}
			if err := g.checkParsed(req.URL); err != nil {
				return err
			}
			trimRedirect(req, via)
			return nil
		},
	}
}

func (g *Guard) roundTripper(cfg ClientConfig) *http.Transport {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.TLS != nil {
		conf = cfg.TLS.Clone()
		conf.InsecureSkipVerify = false
	}
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            g.DialContext,
		TLSClientConfig:        conf,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  orDefault(cfg.HeaderTimeout, 15*time.Second),
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        60 * time.Second,
		MaxIdleConns:           512,
		MaxIdleConnsPerHost:    orDefault(cfg.MaxIdlePerHost, 8),
		MaxConnsPerHost:        orDefault(cfg.MaxConnsPerHost, 1024),
		MaxResponseHeaderBytes: orDefault(cfg.MaxHeaderBytes, 64<<10),
		DisableCompression:     true,
		ReadBufferSize:         32 << 10,
		// One HTTP/1.1 connection per body: no shared window between viewers, and none of the HTTP/2 frame floods.
		ForceAttemptHTTP2: false,
		TLSNextProto:      map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
}

func orDefault[T ~int | ~int64](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}

// transport judges the URL of every request before it reaches the connection pool: a kept connection is no way around the rules.
type transport struct {
	guard *Guard
	next  *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.guard.checkParsed(req.URL); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	return t.next.RoundTrip(req)
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the pool.
func (t *transport) CloseIdleConnections() { t.next.CloseIdleConnections() }

// plainHeaders may follow a redirect to another origin; everything else may be a credential.
var plainHeaders = [...]string{
	"Accept", "Accept-Encoding", "Accept-Language", "Content-Type", "If-Match", "If-Modified-Since", "If-None-Match",
	"If-Range", "If-Unmodified-Since", "Origin", "Range", "Referer", "User-Agent", "Via",
}

// trimRedirect takes from req what the next hop must not learn. net/http copies the first request's headers to each hop, so the
// whole chain is looked at: a header lost on the way stays lost when a later hop returns to the first origin.
func trimRedirect(req *http.Request, via []*http.Request) {
	first := via[0]
	if _, given := first.Header["Referer"]; !given {
		req.Header.Del("Referer") // net/http would send the previous URL, which may be signed
	}
	left := !SameOrigin(first.URL, req.URL)
	for _, hop := range via[1:] {
		left = left || !SameOrigin(first.URL, hop.URL)
	}
	if !left {
		return
	}
	for name := range req.Header {
		if !PlainHeader(name) {
			req.Header.Del(name)
		}
	}
}

// PlainHeader says whether a request header (canonical name) carries no credential, so that another origin may see it.
func PlainHeader(name string) bool { return slices.Contains(plainHeaders[:], name) }

// SameOrigin compares scheme, host and port; the step from http to https on the default ports of one host counts as the same.
func SameOrigin(from, to *url.URL) bool {
	if !strings.EqualFold(from.Hostname(), to.Hostname()) {
		return false
	}
	if from.Scheme == "http" && to.Scheme == "https" && portOf(from) == "80" && portOf(to) == "443" {
		return true
	}
	return from.Scheme == to.Scheme && portOf(from) == portOf(to)
}

func portOf(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}

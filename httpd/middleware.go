package httpd

import (
	"crypto/rand"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"synctv/internal/realip"
)

const (
	requestIDHeader = "X-Request-Id"
	maxURIBytes     = 8 << 10
	maxProxyURI     = 24 << 10 // the proxy's links carry the sealed address and its headers
	maxBodyBytes    = 1 << 20  // no part of the house takes more; most take less
	bodyTimeout     = 15 * time.Second
	answerTimeout   = 45 * time.Second
)

// middleware is what every request passes, in order.
func (s *Server) middleware() []func(http.Handler) http.Handler {
	return []func(http.Handler) http.Handler{
		giveID, s.logAccess, s.survivePanic, secureHeaders, limitURI, s.checkHost, limitBody, limitTime, s.allowOrigins,
	}
}

// giveID names the request: by the caller's own id if that is harmless, else by a new one.
func giveID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !harmlessID(id) {
			var b [8]byte
			rand.Read(b[:])
			id = hex.EncodeToString(b[:])
		}
		r.Header[requestIDHeader] = []string{id}
		w.Header()[requestIDHeader] = []string{id}
		next.ServeHTTP(w, r)
	})
}

func harmlessID(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	})
}

// logAccess writes one line per request, without query, tokens and links.
func (s *Server) logAccess(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		cw := &countingWriter{ResponseWriter: w}
		defer func() {
			level := slog.LevelInfo
			if quiet(r.URL.Path) {
				level = slog.LevelDebug
			}
			client := realip.Client(realip.Peer(r.RemoteAddr), r.Header.Values("X-Forwarded-For"), s.cfg.TrustedProxies)
			s.log.LogAttrs(r.Context(), level, "request", slog.String("method", clip(r.Method, 16)), slog.String("path", shownPath(r.URL.Path)),
				slog.Int("status", cw.status), slog.Int64("bytes", cw.bytes), slog.Duration("took", time.Since(begin)),
				slog.String("client", client.String()), slog.String("request", r.Header.Get(requestIDHeader)))
		}()
		next.ServeHTTP(cw, r)
	})
}

// quiet requests come every few seconds, or by the hundred for one page.
func quiet(path string) bool {
	return strings.HasPrefix(path, "/health/") || strings.HasPrefix(path, "/assets/") || strings.HasPrefix(path, "/proxy/") ||
		strings.HasPrefix(path, "/live/")
}

// shownPath leaves out what gives access to whoever reads it: links of the proxy, and invite codes.
func shownPath(path string) string {
	first, _, more := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case strings.HasPrefix(path, "/api/v1/invites/"):
		return "/api/v1/invites/…"
	case first == "api" || first == "health" || first == "assets" || !more:
		return clip(path, 200)
	}
	return "/" + clip(first, 40) + "/…"
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}

// survivePanic answers 500 when a handler panics, and logs where.
func (s *Server) survivePanic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { // a handler's way to cut an answer short
				panic(cause)
			}
			s.log.ErrorContext(r.Context(), "a handler panicked", "path", shownPath(r.URL.Path), "request", r.Header.Get(requestIDHeader),
				"panic", cause, "stack", string(debug.Stack()))
			if cw, ok := w.(*countingWriter); ok && cw.status != 0 {
				panic(http.ErrAbortHandler) // too late for an answer: let the client see that it is cut
			}
			WriteError(w, r, http.StatusInternalServerError, "internal", "Something went wrong on the server. Try again.")
		}()
		next.ServeHTTP(w, r)
	})
}

// secureHeaders sets what holds for every answer; pages add their content policy.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), payment=(), usb=(), microphone=(self), autoplay=(self), fullscreen=(self), picture-in-picture=(self), screen-wake-lock=(self)")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

// limitURI refuses addresses that nothing here is as long as.
func limitURI(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := maxURIBytes
		if strings.HasPrefix(r.URL.Path, "/proxy/") {
			limit = maxProxyURI
		}
		if len(r.RequestURI) > limit {
			WriteError(w, r, http.StatusRequestURITooLong, "too_large", "The address is too long.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// checkHost answers only to our own names, when the operator has said which they are. Health checks come by address.
func (s *Server) checkHost(next http.Handler) http.Handler {
	names := slices.Clone(s.cfg.AllowedHosts)
	if u, err := url.Parse(s.cfg.PublicURL); err == nil && u.Host != "" && len(names) > 0 {
		names = append(names, strings.ToLower(u.Hostname()))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostname(r.Host)
		known := len(names) == 0 || slices.Contains(names, host) || strings.HasPrefix(r.URL.Path, "/health/")
		if host == "" || !known {
			WriteError(w, r, http.StatusBadRequest, "invalid_argument", "This server does not answer to that host name.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostname is a host without port, in the spelling of the list; "" for what is none.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String()
	}
	return host
}

// limitBody bounds every body in size.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > maxBodyBytes {
			WriteError(w, r, http.StatusRequestEntityTooLarge, "too_large", "The body is too large.")
			return
		}
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
		}
		next.ServeHTTP(w, r)
	})
}

// limitTime gives the body and the answer a deadline each. The proxy's answers are as long as films; it
// watches over them itself.
func limitTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		now := time.Now()
		// Writers that know no deadline are those of tests.
		if strings.HasPrefix(r.URL.Path, "/proxy/") {
			_ = rc.SetWriteDeadline(time.Time{})
		} else {
			_ = rc.SetWriteDeadline(now.Add(answerTimeout))
		}
		if r.ContentLength != 0 && r.Body != nil {
			_ = rc.SetReadDeadline(now.Add(bodyTimeout))
			r.Body = &timedBody{ReadCloser: r.Body, done: func() { _ = rc.SetReadDeadline(time.Time{}) }}
		}
		next.ServeHTTP(w, r)
	})
}

// timedBody takes its deadline off the connection once the body was read.
type timedBody struct {
	io.ReadCloser
	done func()
}

// Read implements io.Reader.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF && b.done != nil {
		b.done()
		b.done = nil
	}
	return n, err
}

// allowOrigins lets the pages on the operator's list use the API (CORS). No answer ever allows credentials:
// callers show a bearer token, which no browser adds by itself, so a foreign page can do nothing in
// somebody's name. The server's own pages need none of this.
func (s *Server) allowOrigins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if !strings.HasPrefix(r.URL.Path, "/api/") {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Add("Vary", "Origin")
		if origin == "" || !slices.Contains(s.cfg.AllowedOrigins, origin) {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-Id")
			h.Set("Access-Control-Max-Age", "7200")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// countingWriter remembers what was answered.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (w *countingWriter) WriteHeader(status int) {
	if w.status == 0 || w.status < 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *countingWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom lets net/http copy by the kernel where it can.
func (w *countingWriter) ReadFrom(r io.Reader) (int64, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := io.Copy(w.ResponseWriter, r)
	w.bytes += n
	return n, err
}

// Unwrap leads http.ResponseController to the connection.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

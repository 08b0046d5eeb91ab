package httpd

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is the private listener for Prometheus.
type Metrics struct {
	// immutable after NewMetrics
	handler http.Handler
	log     *slog.Logger
}

// NewMetrics serves what the gatherer has, to those who show the token. With an empty token anyone who
// reaches the listener may read: it belongs on a loopback address then.
func NewMetrics(token string, from prometheus.Gatherer, log *slog.Logger) (*Metrics, error) {
	if from == nil || log == nil {
		return nil, errors.New("httpd: a gatherer and a log are needed")
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(from, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 20 * time.Second,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}))
	mux.HandleFunc("/", notFound)
	return &Metrics{handler: limitTime(needToken(token, mux)), log: log}, nil
}

// Run serves on the listener, which it closes, until ctx ends.
func (m *Metrics) Run(ctx context.Context, ln net.Listener) error {
	return serve(ctx, ln, m.handler, m.log, 2*time.Second)
}

// Handler is what Run serves.
func (m *Metrics) Handler() http.Handler { return m.handler }

func needToken(token string, next http.Handler) http.Handler {
	if token == "" {
		return next
	}
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, shown, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(shown))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
			WriteError(w, r, http.StatusUnauthorized, "unauthenticated", "The metrics need their token.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

package httpd

import (
	"context"
	"net/http"
	"time"
)

const readyTimeout = 2 * time.Second

// serveLive says that the process answers; it asks nobody else.
func serveLive(w http.ResponseWriter, _ *http.Request) { writeHealth(w, http.StatusOK, "ok") }

// serveReady says whether new people should be sent here. Why not is in the log, not in the answer.
func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := s.mounts.Ready(ctx); err != nil {
		s.log.WarnContext(ctx, "not ready", "err", err)
		writeHealth(w, http.StatusServiceUnavailable, "unavailable")
		return
	}
	writeHealth(w, http.StatusOK, "ok")
}

func writeHealth(w http.ResponseWriter, code int, word string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(`{"status":"` + word + `"}` + "\n"))
}

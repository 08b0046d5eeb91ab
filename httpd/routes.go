package httpd

import "net/http"

// routes is the whole address space of the public port, but for native gRPC and WebSockets.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", s.mounts.API)
	mux.HandleFunc("/api/", notFound)
	mux.HandleFunc("GET /api/openapi.json", s.docs.serveSpec)
	mux.HandleFunc("GET /api/docs", s.docs.servePage)
	mux.HandleFunc("GET /api/docs.css", s.docs.serveStyle)
	mux.HandleFunc("GET /health/live", serveLive)
	mux.HandleFunc("GET /health/ready", s.serveReady)
	mux.HandleFunc("/health/", notFound)
	if s.mounts.Proxy != nil {
		mux.Handle("/proxy/", s.mounts.Proxy)
	} else {
		mux.HandleFunc("/proxy/", notFound)
	}
	if s.mounts.Live != nil {
		mux.Handle("/live/", s.mounts.Live)
	} else {
		mux.HandleFunc("/live/", notFound)
	}
	if s.mounts.WebSocket != nil {
		mux.Handle("/ws/", s.mounts.WebSocket)
	} else {
		mux.HandleFunc("/ws/", notFound)
	}
	mux.Handle("/", s.site)
	return mux
}

func notFound(w http.ResponseWriter, r *http.Request) {
	WriteError(w, r, http.StatusNotFound, "not_found", "There is nothing at this address.")
}

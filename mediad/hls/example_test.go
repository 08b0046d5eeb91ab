package hls_test

import (
	"context"
	"net/http"
	"sync"

	"synctv/mediad/hls"
	"synctv/mediad/segments"
	"synctv/mediad/stream"
)

// Every stream that somebody opens in the registry has playlists below /live/.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	store, closeStore, err := segments.Open(segments.Config{Backend: "memory"})
	if err != nil {
		panic(err)
	}
	defer closeStore()

	origin := hls.NewOrigin(hls.Config{Store: store})
	registry := stream.NewRegistry(stream.RegistryConfig{Created: origin.Add})
	handler := hls.NewHandler(hls.HandlerConfig{
		Lookup: origin.Muxer,
		Query:  func(r *http.Request) string { return "token=" + r.URL.Query().Get("token") },
	})
	http.NewServeMux().Handle("/live/", http.StripPrefix("/live", handler))

	var running sync.WaitGroup
	running.Go(func() { registry.Run(ctx) })
	running.Go(func() { origin.Run(ctx) })
	stop() // the server ends
	running.Wait()
	// Output:
}

package proxy_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"synctv/internal/guard"
	"synctv/mediad/proxy"
)

// The guard decides where connections may go, the proxy what may pass through them.
func Example() {
	g, err := guard.New(guard.Config{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("192.168.1.5/32")}}, guard.Deps{})
	if err != nil {
		panic(err)
	}
	p, err := proxy.New(proxy.Config{Key: make([]byte, 32)}, proxy.Deps{
		Source:   proxy.NewOrigin(g.Client(guard.ClientConfig{})),
		CheckURL: g.CheckURL,
		WriteError: func(w http.ResponseWriter, _ *http.Request, status int, code, message string) {
			w.WriteHeader(status)
			fmt.Fprintf(w, "{%q:%q,%q:%q}", "code", code, "message", message)
		},
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle(proxy.PathPrefix, p)

	_, err = p.Sign(proxy.Target{URL: "http://192.168.1.5:8096/film.mp4", Room: "room_1", User: "usr_1"}, time.Now())
	fmt.Println(err)
	_, err = p.Sign(proxy.Target{URL: "http://169.254.169.254/latest/meta-data", Room: "room_1", User: "usr_1"}, time.Now())
	fmt.Println(err)
	// Output:
	// <nil>
	// this address is not allowed
}

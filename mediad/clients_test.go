package mediad

import (
	"net/http"
	"testing"
	"time"

	"synctv/app"
)

// TestClients: players of HLS are known by what they come with, counted once, and asked about with every request.
func TestClients(t *testing.T) {
	h := open(t, Config{MaxClients: 2})
	ask := func(agent, token string) int {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, h.web.URL+Prefix+string(str)+"/v.m3u8?token="+token, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("User-Agent", agent)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	expect := func(name string, got, want, seats int) {
		t.Helper()
		if n := len(h.Sessions(str)); got != want || n != seats {
			t.Errorf("%s: status %d, %d sessions, want %d and %d", name, got, n, want, seats)
		}
	}
	// 404: let in, but nobody publishes.
	expect("without a token", ask("a", ""), http.StatusNotFound, 0)
	expect("a player", ask("a", "yes"), http.StatusNotFound, 1)
	expect("the same again", ask("a", "yes"), http.StatusNotFound, 1)
	expect("another", ask("b", "yes"), http.StatusNotFound, 2)
	expect("one too many", ask("c", "yes"), http.StatusServiceUnavailable, 2)
	h.KickSession(str, h.Sessions(str)[0].ID)
	if a, b := ask("a", "yes"), ask("b", "yes"); a+b != http.StatusForbidden+http.StatusNotFound {
		t.Errorf("after one was removed: %d and %d", a, b)
	}
	h.EndViewers(str, h.app.Now())
	if n := len(h.Sessions(str)); n != 0 {
		t.Errorf("%d are left", n)
	}
	h.app.mu.Lock()
	gone := h.app.gone
	h.app.mu.Unlock()
	if gone != 2 {
		t.Errorf("app heard of %d that left", gone)
	}
	h.clients.expire(time.Now().Add(2 * clientOut))
	expect("after a while", ask("c", "yes"), http.StatusNotFound, 1)
	h.clients.expire(time.Now().Add(clientIdle))
	if n := len(h.Sessions(str)); n != 0 {
		t.Errorf("%d are left that ask for nothing", n)
	}
}

func TestStatusOf(t *testing.T) {
	for code, want := range map[app.Code]int{app.CodeNotFound: 404, app.CodeUnauthenticated: 401, app.CodeForbidden: 403, app.CodeBanned: 403,
		app.CodeRateLimited: 429, app.CodeUnavailable: 503, app.CodeInvalid: 400, app.CodeInternal: 500, app.CodeUpstream: 500} {
		if got := statusOf(string(code)); got != want {
			t.Errorf("%s: %d, want %d", code, got, want)
		}
	}
}

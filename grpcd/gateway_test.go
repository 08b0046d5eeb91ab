package grpcd

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"synctv/app"
	contract "synctv/proto"
)

// rest makes one REST call.
func rest(s *Server, method, target, body string, fields ...string) *http.Response {
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	w := httptest.NewRecorder()
	s.Gateway().ServeHTTP(w, req)
	return w.Result()
}

type errorJSON struct {
	Code, Message, Field, RequestID string
	RetryAfterMs                    int
}

func readError(t *testing.T, resp *http.Response) (e errorJSON) {
	t.Helper()
	data, err := io.ReadAll(resp.Body)
	if err != nil || json.Unmarshal(data, &e) != nil || e.Code == "" || e.Message == "" {
		t.Fatalf("status %d is no error body: %q %v", resp.StatusCode, data, err)
	}
	return e
}

func TestGatewayAnswersInJSON(t *testing.T) {
	s, _ := newDoor(t, Config{})
	resp := rest(s, "GET", "/api/v1/server", "", "X-Request-Id", "abc")
	data, _ := io.ReadAll(resp.Body)
	var info map[string]any
	if resp.StatusCode != 200 || json.Unmarshal(data, &info) != nil || info["name"] != "Test" || info["guestsAllowed"] != false {
		t.Fatalf("%d %s", resp.StatusCode, data)
	}
	for key, want := range map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store", "X-Request-Id": "abc"} {
		if got := resp.Header.Get(key); got != want {
			t.Errorf("%s is %q", key, got)
		}
	}
	for key := range resp.Header {
		if strings.HasPrefix(key, "Grpc-") {
			t.Errorf("%s is nobody's business", key)
		}
	}
}

func TestGatewayErrors(t *testing.T) {
	s, f := newDoor(t, Config{})
	cases := []struct {
		name, method, target, body string
		fields                     []string
		status                     int
		code, field                string
	}{
		{"unknown path", "GET", "/api/v1/x", "", nil, 404, "not_found", ""},
		{"wrong method", "PUT", "/api/v1/rooms", "{}", nil, 405, "unsupported", ""},
		{"encoded slash", "GET", "/api/v1/rooms/a%2Fmembers", "", nil, 404, "not_found", ""},
		{"verb of another resource", "GET", "/api/v1/rooms/a:probe", "", nil, 401, "unauthenticated", ""},
		{"no token", "GET", "/api/v1/me", "", nil, 401, "unauthenticated", ""},
		{"bad token", "GET", "/api/v1/me", "", []string{"Authorization", "Bearer bad"}, 401, "unauthenticated", ""},
		{"unknown field", "POST", "/api/v1/auth/login", `{"user":"x"}`, nil, 400, "invalid_argument", "user"},
		{"unknown field, hostile", "POST", "/api/v1/auth/login", `{"<script>\u0000\u001e":"x"}`, nil, 400, "invalid_argument", ""},
		{"wrong type", "POST", "/api/v1/auth/login", `{"username":5}`, nil, 400, "invalid_argument", "username"},
		{"twice", "POST", "/api/v1/auth/login", `{"username":"a","username":"b"}`, nil, 400, "invalid_argument", "username"},
		{"twice in two spellings", "POST", "/api/v1/auth/register", `{"displayName":"a","display_name":"b"}`, nil, 400, "invalid_argument", ""},
		{"trailing", "POST", "/api/v1/auth/login", `{} {}`, nil, 400, "invalid_argument", ""},
		{"null", "POST", "/api/v1/auth/login", `null`, nil, 400, "invalid_argument", ""},
		{"deep", "POST", "/api/v1/auth/login", strings.Repeat("[", 100_000), nil, 400, "invalid_argument", ""},
		{"huge number", "POST", "/api/v1/rooms", `{"settings":{"capacity":1e400}}`, []string{"Authorization", "Bearer good"}, 400, "invalid_argument", "capacity"},
		{"lone surrogate", "POST", "/api/v1/auth/login", `{"username":"\ud800"}`, nil, 400, "invalid_argument", ""},
		{"form", "POST", "/api/v1/auth/login", `username=a`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported", ""},
		{"text", "POST", "/api/v1/auth/login", `{}`, []string{"Content-Type", "text/plain"}, 415, "unsupported", ""},
		{"override", "POST", "/api/v1/me", `{}`, []string{"X-HTTP-Method-Override", "GET"}, 405, "unsupported", ""},
		{"form turned get", "POST", "/api/v1/me", `a=b`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 405, "unsupported", ""},
		{"gzip", "POST", "/api/v1/auth/login", `x`, []string{"Content-Encoding", "gzip"}, 415, "unsupported", ""},
		{"large", "POST", "/api/v1/auth/login", `{"username":"` + strings.Repeat("x", maxBodyBytes) + `"}`, nil, 413, "too_large", ""},
		{"body where none is", "GET", "/api/v1/server", `{}`, nil, 400, "invalid_argument", ""},
		{"unknown parameter", "GET", "/api/v1/server?x=1", "", nil, 400, "invalid_argument", "x"},
		{"parameter twice", "GET", "/api/v1/rooms?query=a&query=b", "", nil, 400, "invalid_argument", "query"},
		{"semicolon", "GET", "/api/v1/rooms?query=a;b", "", nil, 400, "invalid_argument", ""},
		{"parameter of the path", "GET", "/api/v1/rooms/a?room_id=b", "", nil, 400, "invalid_argument", "room_id"},
		{"the same in JSON's spelling", "GET", "/api/v1/rooms/a?roomId=b", "", nil, 400, "invalid_argument", "roomId"},
		{"parameter of a wrong type", "GET", "/api/v1/rooms?page.limit=x", "", nil, 400, "invalid_argument", "page.limit"},
		{"parameter with a body", "POST", "/api/v1/auth/login?username=x", `{}`, nil, 400, "invalid_argument", "username"},
		{"NUL in the path", "GET", "/api/v1/rooms/a%00b", "", []string{"Authorization", "Bearer good"}, 400, "invalid_argument", "room_id"},
		{"no UTF-8 in the path", "GET", "/api/v1/rooms/a%ffb", "", []string{"Authorization", "Bearer good"}, 400, "invalid_argument", "room_id"},
		{"panic", "GET", "/api/v1/rooms", "", []string{"Authorization", "Bearer good"}, 500, "internal", ""},
	}
	for _, c := range cases {
		resp := rest(s, c.method, c.target, c.body, c.fields...)
		e := readError(t, resp)
		if resp.StatusCode != c.status || e.Code != c.code || c.field != "" && e.Field != c.field {
			t.Errorf("%s: got %d %+v, want %d %s %q", c.name, resp.StatusCode, e, c.status, c.code, c.field)
		}
		if strings.ContainsAny(e.Message+e.Field, "\x00\x1e") || strings.Contains(e.Message, "proto") {
			t.Errorf("%s: the message shows our insides: %q", c.name, e.Message)
		}
		if c.status == 401 && resp.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: 401 without WWW-Authenticate", c.name)
		}
	}
	if allow := rest(s, "PUT", "/api/v1/rooms", "").Header.Get("Allow"); allow != "GET, POST" {
		t.Errorf("Allow is %q", allow)
	}
	f.limits.block = true
	resp := rest(s, "POST", "/api/v1/auth/login", `{"username":"a"}`, "X-Request-Id", "r-1")
	if e := readError(t, resp); resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "3" || e.RetryAfterMs != 2500 || e.RequestID != "r-1" || resp.Header.Get("X-Request-Id") != "r-1" {
		t.Errorf("%d %v %+v", resp.StatusCode, resp.Header, e)
	}
}

func TestGatewayOrigin(t *testing.T) {
	for name, c := range map[string]struct {
		trusted []netip.Prefix
		want    string
	}{
		"untrusted": {nil, "login-net:192.0.2.1"}, // httptest's peer
		"trusted":   {[]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, "login-net:198.51.100.7"},
	} {
		s, f := newDoor(t, Config{TrustedProxies: c.trusted})
		f.limits.block = true
		rest(s, "POST", "/api/v1/auth/login", `{"username":"a"}`, "X-Forwarded-For", "203.0.113.1, 198.51.100.7", "Grpc-Metadata-X-Forwarded-For", "9.9.9.9")
		if f.limits.last() != c.want {
			t.Errorf("%s: counted %s", name, f.limits.last())
		}
	}
}

func TestGatewayDeadlineIsOurs(t *testing.T) {
	s, _ := newDoor(t, Config{CallTimeout: 30 * time.Millisecond})
	resp := rest(s, "POST", "/api/v1/auth/login", `{"username":"a","password":"slow"}`, "Grpc-Timeout", "99H")
	if e := readError(t, resp); resp.StatusCode != 503 || e.Code != "unavailable" {
		t.Errorf("%d %+v", resp.StatusCode, e)
	}
	if resp := rest(s, "GET", "/api/v1/server", "", "Grpc-Timeout", "nonsense"); resp.StatusCode != 200 {
		t.Errorf("a header of gRPC matters: %d", resp.StatusCode)
	}
}

// TestRoutesAreTheOpenAPIDocument compares what is served with what is described.
func TestRoutesAreTheOpenAPIDocument(t *testing.T) {
	s, _ := newDoor(t, Config{})
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(contract.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for path, methods := range doc.Paths {
		for method := range methods {
			described[strings.ToUpper(method)+" "+path] = true
		}
	}
	for _, r := range s.Routes() {
		key := r.Method + " " + r.Path
		if !described[key] {
			t.Errorf("%s is served and not described", key)
		}
		delete(described, key)
	}
	for key := range described {
		t.Errorf("%s is described and not served", key)
	}
}

func TestEveryCodeHasAnOutcome(t *testing.T) {
	codes := []app.Code{app.CodeInvalid, app.CodeUnauthenticated, app.CodeWrongCredentials, app.CodeForbidden, app.CodeNotFound, app.CodeConflict, app.CodeStale,
		app.CodeRateLimited, app.CodeTooLarge, app.CodeUnavailable, app.CodeWrongPassword, app.CodeRoomFull, app.CodeBanned, app.CodeKicked, app.CodeGuestsNotAllowed,
		app.CodeRegistrationClosed, app.CodeDisabled, app.CodeBlockedAddress, app.CodeUpstream, app.CodeUnsupported}
	for _, c := range codes {
		if o := outcomeOf(c); o.http == 500 || o.http < 400 || c != app.CodeUnavailable && o.http >= 500 {
			t.Errorf("%s is %d", c, o.http)
		}
	}
	if o := outcomeOf("nonsense"); o.http != 500 {
		t.Error("an unknown code is not our fault")
	}
}

// FuzzBody sends any body to a route with nested messages, lists, maps and enums.
func FuzzBody(f *testing.F) {
	s, _ := newDoor(f, Config{})
	f.Add(`{"name":"x","media":[{"url":"https://a","headers":{"a":"b"},"kind":"MEDIA_KIND_ITEM"}],"settings":{"overrides":[{"role":2,"allow":["x"]}]}}`)
	f.Add(`{"media":[[]],"settings":{"capacity":-1}}`)
	f.Add("\xff{")
	f.Fuzz(func(t *testing.T, body string) {
		resp := rest(s, "POST", "/api/v1/rooms", body)
		if resp.StatusCode == 500 || resp.StatusCode == 200 {
			t.Fatalf("%q: %d", body, resp.StatusCode)
		}
		readError(t, resp)
	})
}

func BenchmarkGateway(b *testing.B) {
	s, _ := newDoor(b, Config{})
	for b.Loop() {
		if resp := rest(s, "GET", "/api/v1/server", ""); resp.StatusCode != 200 {
			b.Fatal(resp.StatusCode)
		}
	}
}

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	body   []byte
	info   failure
}

// identifiers, if there is a digit in them, are random letters, among which any short word may be.
var identifiers = regexp.MustCompile(`[0-9A-Za-z_-]{20,}`)

// leaks are words that an answer must never have: of our insides, of the database, of a stack.
var leaks = []string{"goroutine", ".go:", "panic", "sql", "SQLITE", "pgx", "constraint", "proto:", "rpc error", "runtime.", "synctv.v1", "/root/", "/tmp/", "UNIQUE"}

// send makes one request and checks what every refusal must be: one clear error, of the one shape, not our fault.
func send(t *testing.T, what string, req *http.Request) answer {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if a.status >= 500 {
		t.Errorf("%s: status %d: %.300s", what, a.status, a.body)
	}
	if a.status >= 400 {
		dec := json.NewDecoder(bytes.NewReader(a.body))
		if err := dec.Decode(&a.info); err != nil || dec.More() || a.info.Code == "" || a.info.Message == "" {
			t.Errorf("%s: status %d is not one clear error: %.300s", what, a.status, a.body)
		}
		if ct := resp.Header.Get("Content-Type"); ct != "application/json" {
			t.Errorf("%s: an error of type %q", what, ct)
		}
	}
	said := identifiers.ReplaceAllFunc(a.body, func(b []byte) []byte {
		if bytes.ContainsAny(b, "0123456789") {
			return nil
		}
		return b
	})
	for _, word := range leaks {
		if bytes.Contains(said, []byte(word)) {
			t.Errorf("%s: the answer shows our insides (%q): %.300s", what, word, a.body)
		}
	}
	return a
}

// fieldCases are values that do not fit a field.
func fieldCases(f protoreflect.FieldDescriptor) map[string]string {
	if f.IsList() {
		return map[string]string{"an object for a list": `{}`, "text for a list": `"x"`}
	}
	if f.IsMap() {
		return map[string]string{"a list for a map": `[]`}
	}
	switch f.Kind() {
	case protoreflect.StringKind:
		return map[string]string{"a number for text": `5`, "a list for text": `["x"]`, "an object for text": `{"a":1}`, "NUL": `"a\u0000b"`,
			"a lone surrogate": `"\ud800"`, "much text": `"` + strings.Repeat("x", 100_000) + `"`, "bytes that are no text": "\"\xff\xfe\"",
			"an attack on the database": `"'; DROP TABLE rooms; --"`, "blank": `""`, "bidi": `"\u202eabc"`}
	case protoreflect.BoolKind:
		return map[string]string{"text for yes or no": `"true"`, "a number for yes or no": `1`}
	case protoreflect.EnumKind:
		return map[string]string{"an unknown name": `"NO_SUCH_NAME"`, "an unknown number": `99`, "a negative number": `-1`}
	case protoreflect.DoubleKind:
		return map[string]string{"text": `"x"`, "too large": `1e400`, "not a number": `"NaN"`, "infinite": `"Infinity"`, "negative": `-1`, "huge": `1e300`}
	case protoreflect.Uint32Kind:
		return map[string]string{"negative": `-1`, "a fraction": `1.5`, "too large": `4294967296`, "the largest": `4294967295`, "text": `"x"`}
	case protoreflect.MessageKind:
		return map[string]string{"text for an object": `"x"`, "a list for an object": `[]`, "an unknown field inside": `{"noSuchField":1}`, "empty": `{}`}
	}
	return nil
}

// TestBadInput sends to every REST route what no client should, on both databases.
func TestBadInput(t *testing.T) {
	engines(t, badInputs, walkSettings...)
}

func badInputs(t *testing.T, s *server) {
	admin := walkAdmin(s)
	routes, methods := restRoutes(t), contractMethods()
	for _, name := range slices.Sorted(mapsKeys(routes)) {
		route := routes[name]
		w := newWorld(s, admin)
		var good map[string]any
		if err := json.Unmarshal([]byte(w.fill(walkTable[name].request)), &good); err != nil {
			t.Fatal(err)
		}
		path := fillPath(route.path, good)
		caller := w.tokens["owner"] // who may do most, so that bad values get as far as they can
		if strings.HasPrefix(name, "UserService/") {
			caller = admin
		}
		request := func(target string, body string) *http.Request {
			req, err := http.NewRequestWithContext(t.Context(), route.method, s.URL+target, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body == "" {
				req.Body, req.ContentLength = nil, 0
			}
			req.Header.Set("Authorization", "Bearer "+caller)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("X-Forwarded-For", elsewhere())
			return req
		}
		refused := func(what string, req *http.Request, status int, field string) {
			t.Helper()
			a := send(t, name+", "+what, req)
			if a.status != status || field != "" && a.info.Field != field {
				t.Errorf("%s, %s: got %d on %q, want %d on %q: %.200s", name, what, a.status, a.info.Field, status, field, a.body)
			}
		}
		refused("an unknown parameter", request(path+"?noSuchParameter=1", ""), 400, "noSuchParameter")
		if route.body {
			badBodies(t, name, route, path, good, request, refused, methods[name].Input())
		} else {
			badQueries(t, name, path, good, request, refused, methods[name].Input())
		}
		badPaths(t, name, route, good, request)
	}
}

type requester func(target, body string) *http.Request

type refuser func(what string, req *http.Request, status int, field string)

func badBodies(t *testing.T, name string, route restRoute, path string, good map[string]any, request requester, refused refuser, in protoreflect.MessageDescriptor) {
	t.Helper()
	refused("an unknown field", request(path, `{"noSuchField":1}`), 400, "noSuchField")
	for what, body := range map[string]string{
		"half an object": `{"a":`, "a list": `[]`, "null": `null`, "text": `"x"`, "a number": `5`, "two objects": `{}{}`, "something behind": `{} x`,
		"no quotes": `{a:1}`, "a comment": `{/* */}`, "a comma too many": `{,}`, "not text at all": "\xff\xfe\x00", "deep": strings.Repeat(`{"a":`, 40_000),
		"deep lists": strings.Repeat(`[`, 100_000),
	} {
		refused(what, request(path, body), 400, "")
	}
	refused("too large", request(path, `{"x":"`+strings.Repeat("x", 300<<10)+`"}`), 413, "")
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/json; charset=latin1"} {
		req := request(path, `{}`)
		req.Header.Set("Content-Type", kind)
		refused("as "+kind, req, 415, "")
	}
	zipped := request(path, "\x1f\x8b\x08")
	zipped.Header.Set("Content-Encoding", "gzip")
	refused("compressed", zipped, 415, "")
	for i := range in.Fields().Len() {
		f := in.Fields().Get(i)
		if strings.Contains(route.path, "{"+string(f.Name())+"}") {
			continue
		}
		for what, value := range fieldCases(f) {
			body := bodyWith(t, good, f.JSONName(), value)
			send(t, fmt.Sprintf("%s, %s: %s", name, f.JSONName(), what), request(path, body))
		}
		twice := strings.TrimSuffix(bodyWith(t, good, f.JSONName(), "null"), "}") + fmt.Sprintf(`,%q:null}`, f.Name())
		send(t, fmt.Sprintf("%s, %s twice", name, f.JSONName()), request(path, twice))
	}
}

// bodyWith replaces one field by raw JSON.
func bodyWith(t *testing.T, good map[string]any, key, value string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, `{%q:%s`, key, value)
	for k, v := range good {
		if k == key {
			continue
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, `,%q:%s`, k, data)
	}
	return b.String() + "}"
}

func badQueries(t *testing.T, name, path string, good map[string]any, request requester, refused refuser, in protoreflect.MessageDescriptor) {
	t.Helper()
	withBody := request(path, `{"a":1}`)
	refused("a body", withBody, 400, "")
	q := url.Values{}
	for k, v := range good {
		q.Set(k, fmt.Sprint(v))
	}
	for i := range in.Fields().Len() {
		f := in.Fields().Get(i)
		if strings.Contains(path, f.JSONName()) {
			continue
		}
		for _, value := range []string{"x", "-1", "1e400", "NaN", "'; DROP TABLE rooms; --", "\x00", "\xff", strings.Repeat("x", 2000), "99999999999999999999"} {
			for _, key := range []string{f.JSONName(), string(f.Name()) + ".limit", string(f.Name()) + ".cursor", string(f.Name()) + "[a]"} {
				bad := url.Values{}
				for k := range q {
					bad[k] = q[k]
				}
				bad.Set(key, value)
				send(t, fmt.Sprintf("%s?%s=%.20q", name, key, value), request(path+"?"+bad.Encode(), ""))
			}
		}
	}
	if in.Fields().ByName("page") != nil {
		refused("a page too long", request(path+"?page.limit=201", ""), 400, "page.limit")
		refused("a parameter twice", request(path+"?page.limit=1&page.limit=2", ""), 400, "page.limit")
		refused("a broken cursor", request(path+"?page.cursor=zzz%00", ""), 400, "page.cursor")
		send(t, name+", a foreign cursor", request(path+"?page.cursor=bm9uc2Vuc2U", ""))
	}
}

// badPaths tries ids that nothing has, and spellings of the path that are not its own.
func badPaths(t *testing.T, name string, route restRoute, good map[string]any, request requester) {
	t.Helper()
	body := ""
	if route.body {
		body = `{}`
	}
	_, variable, ok := strings.Cut(route.path, "{")
	if !ok {
		return
	}
	variable, _, _ = strings.Cut(variable, "}")
	for _, id := range []string{"x", "room_00000000000000000000000000", "usr_00000000000000000000000000", "'--", "%00", "%ff", "..%2f..", "%2f", strings.Repeat("x", 3000), "a%20b", "room_1:probe", "*", "%E2%80%AE"} {
		path := strings.Replace(route.path, "{"+variable+"}", id, 1)
		for strings.Contains(path, "{") {
			before, rest, _ := strings.Cut(path, "{")
			_, after, _ := strings.Cut(rest, "}")
			path = before + id + after
		}
		a := send(t, fmt.Sprintf("%s at %.40s", name, id), request(path, body))
		if a.status == http.StatusOK && name != "RoomService/SetFavourite" {
			t.Errorf("%s at %.40s: something is there", name, id)
		}
	}
}

// TestRouting holds what is said about addresses and methods that are not.
func TestRouting(t *testing.T) {
	s, admin := startWalk(t)
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/api/v1", 404, ""}, {"GET", "/api/v1/", 404, ""}, {"GET", "/api/v1/nothing", 404, ""}, {"GET", "/api/v2/rooms", 404, ""},
		{"GET", "/api/v1/rooms/", 404, ""}, {"GET", "/api/V1/rooms", 404, ""}, {"GET", "/api/v1/ROOMS", 404, ""}, {"GET", "/api/v1/rooms/x/", 404, ""},
		{"DELETE", "/api/v1/rooms", 405, "GET, POST"}, {"PUT", "/api/v1/me", 405, "GET, PATCH"}, {"HEAD", "/api/v1/rooms", 405, "GET, POST"},
		{"TRACE", "/api/v1/me", 405, "GET, PATCH"}, {"BREW", "/api/v1/me", 405, "GET, PATCH"}, {"OPTIONS", "/api/v1/me", 405, "GET, PATCH"},
		{"POST", "/", 405, "GET, HEAD"}, {"GET", "/proxy/v1/nonsense", 403, ""}, {"GET", "/assets/nothing.js", 404, ""}, {"GET", "/nothing.php", 404, ""},
		{"GET", "/health/else", 404, ""}, {"GET", "/metrics", 200, ""}, {"GET", "/debug/pprof/", 200, ""}, // the client's page, not the insides
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, s.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+admin)
		req.Header.Set("X-HTTP-Method-Override", "GET")
		if c.method == "HEAD" {
			resp, err := http.DefaultClient.Do(req)
			if err != nil || resp.StatusCode != c.status {
				t.Errorf("%s %s: %v %v", c.method, c.path, resp, err)
			}
			continue
		}
		a := send(t, c.method+" "+c.path, req)
		if c.path == "/proxy/v1/nonsense" && a.status >= 400 && a.status < 500 {
			continue
		}
		if a.status != c.status || a.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: got %d allowing %q, want %d allowing %q", c.method, c.path, a.status, a.header.Get("Allow"), c.status, c.allow)
		}
		if bytes.Contains(a.body, []byte("go_goroutines")) || bytes.Contains(a.body, []byte("heap profile")) {
			t.Errorf("%s shows the insides", c.path)
		}
	}
}

// raw sends bytes and returns the first line of the answer, "" when the connection was closed without one.
func raw(t *testing.T, s *server, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		return ""
	}
	line, _ := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(line)
}

// TestBrokenHTTP sends what is not HTTP, or is two requests to two readers.
func TestBrokenHTTP(t *testing.T) {
	s, _ := startWalk(t)
	const ok = "HTTP/1.1 200"
	cases := map[string]struct{ text, want string }{
		"good":                  {"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", ok},
		"no host":               {"GET /health/live HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
		"two hosts":             {"GET /health/live HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "HTTP/1.1 400"},
		"bad host":              {"GET /health/live HTTP/1.1\r\nHost: a b\r\n\r\n", "HTTP/1.1 400"},
		"length and chunks":     {"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 4"},
		"two lengths":           {"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345", "HTTP/1.1 400"},
		"strange encoding":      {"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 501"},
		"blank before colon":    {"GET /health/live HTTP/1.1\r\nHost : x\r\n\r\n", "HTTP/1.1 400"},
		"negative length":       {"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400"},
		"endless chunk":         {"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff0\r\n", "HTTP/1.1 400"},
		"large header":          {"GET /health/live HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "HTTP/1.1 431"},
		"many headers":          {"GET /health/live HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", 20_000) + "\r\n", "HTTP/1.1 431"},
		"long address":          {"GET /" + strings.Repeat("x", 9<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 414"},
		"many parameters":       {"GET /api/v1/rooms?" + strings.Repeat("a=b&", 2200) + " HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 414"},
		"upgrade to h2c":        {"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", ok},
		"connect":               {"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", "HTTP/1.1 4"},
		"websocket, no upgrade": {"GET /ws/rooms/x HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 426"},
		"version of the future": {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", "HTTP/1.1 505"},
		"tls":                   {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ""},
	}
	for name, c := range cases {
		if name == "tls" {
			continue // a client that speaks TLS waits; the deadline of the header ends it
		}
		if got := raw(t, s, c.text); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// TestForwardedForIsNotBelieved shows that limits count by connection when no proxy is trusted.
func TestForwardedForIsNotBelieved(t *testing.T) {
	s := startServer(t, "SYNCTV_LOG_LEVEL=warn")
	limited := false
	for i := range 12 {
		c := &client{t: t, base: s.URL, address: elsewhere()}
		err := c.call("POST", "/api/v1/auth/register", map[string]any{"username": fmt.Sprintf("spoof%d", i), "password": "correct horse"}, nil)
		if f, ok := err.(*failure); ok && f.Code == "rate_limited" {
			limited = f.RetryAfterMs > 0
		}
	}
	if !limited {
		t.Fatal("a claimed address escapes the limit")
	}
}

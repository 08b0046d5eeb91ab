package grpcd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
	"synctv/proto/translate"
)

// gateway is REST: it judges a request by the contract's routes, and lets the generated code call the services.
type gateway struct {
	// immutable after newGateway
	server *Server
	mux    *runtime.ServeMux
	routes []Route
}

func newGateway(s *Server, conn grpc.ClientConnInterface) (http.Handler, error) {
	g := &gateway{server: s, routes: s.Routes()}
	g.mux = runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, newJSONCodec()),
		runtime.WithIncomingHeaderMatcher(func(key string) (string, bool) { return requestIDKey, key == "X-Request-Id" }),
		runtime.WithOutgoingHeaderMatcher(func(key string) (string, bool) { return "X-Request-Id", key == requestIDKey }),
		runtime.WithErrorHandler(g.fail),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithWriteContentLength(),
	)
	ctx := context.Background() // the generated code wants one and has no use for it with a ready client
	err := errors.Join(
		synctvv1.RegisterServerServiceHandlerClient(ctx, g.mux, synctvv1.NewServerServiceClient(conn)),
		synctvv1.RegisterAuthServiceHandlerClient(ctx, g.mux, synctvv1.NewAuthServiceClient(conn)),
		synctvv1.RegisterUserServiceHandlerClient(ctx, g.mux, synctvv1.NewUserServiceClient(conn)),
		synctvv1.RegisterRoomServiceHandlerClient(ctx, g.mux, synctvv1.NewRoomServiceClient(conn)),
		synctvv1.RegisterMemberServiceHandlerClient(ctx, g.mux, synctvv1.NewMemberServiceClient(conn)),
		synctvv1.RegisterMediaServiceHandlerClient(ctx, g.mux, synctvv1.NewMediaServiceClient(conn)),
		synctvv1.RegisterPlaybackServiceHandlerClient(ctx, g.mux, synctvv1.NewPlaybackServiceClient(conn)),
		synctvv1.RegisterChatServiceHandlerClient(ctx, g.mux, synctvv1.NewChatServiceClient(conn)),
		synctvv1.RegisterStreamServiceHandlerClient(ctx, g.mux, synctvv1.NewStreamServiceClient(conn)),
		synctvv1.RegisterRecordingServiceHandlerClient(ctx, g.mux, synctvv1.NewRecordingServiceClient(conn)),
	)
	return g, err
}

// ServeHTTP implements http.Handler.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	route, ok := g.find(w, r)
	if !ok {
		return
	}
	if refusal := route.checkQuery(r); refusal != nil {
		writeError(w, r, 0, refusal)
		return
	}
	if status, refusal := takeBody(w, r, route.Body); refusal != nil {
		writeError(w, r, status, refusal)
		return
	}
	origin := originOf(r.RemoteAddr, r.Host, r.Header.Values("X-Forwarded-For"), r.Header.Values("X-Forwarded-Proto"), g.server.cfg.TrustedProxies)
	r.Header.Del("Grpc-Timeout") // deadlines of REST calls are ours
	r.Header.Del("Te")           // no trailers
	g.mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), originKey{}, origin)))
}

// find picks the route, or answers 404 or 405. A path has one spelling: encoded slashes and the like lead nowhere.
func (g *gateway) find(w http.ResponseWriter, r *http.Request) (Route, bool) {
	var others []string
	if encoded := strings.ToLower(r.URL.RawPath); !strings.Contains(encoded, "%2f") {
		for _, route := range g.routes {
			if !route.matches(r.URL.Path) {
				continue
			}
			if route.Method == r.Method {
				return route, true
			}
			others = append(others, route.Method)
		}
	}
	if len(others) == 0 {
		writeError(w, r, http.StatusNotFound, app.Errorf(app.CodeNotFound, "There is nothing at this address. See /api/docs."))
		return Route{}, false
	}
	slices.Sort(others)
	w.Header().Set("Allow", strings.Join(slices.Compact(others), ", "))
	writeError(w, r, http.StatusMethodNotAllowed, app.Errorf(app.CodeUnsupported, "This address does not take %s.", plain(r.Method)))
	return Route{}, false
}

// checkQuery refuses parameters that the operation does not have, and those that come twice.
func (r Route) checkQuery(req *http.Request) error {
	for key, values := range req.URL.Query() {
		switch {
		case r.Body || !r.hasParameter(key):
			return app.Invalid(plain(key), "There is no parameter %q here.", plain(key))
		case len(values) > 1:
			return app.Invalid(plain(key), "The parameter %q is there twice.", plain(key))
		}
	}
	if strings.Contains(req.URL.RawQuery, ";") {
		return app.Invalid("", "Parameters are separated by &.")
	}
	return nil
}

// takeBody reads the body into memory, as far as the operation has one.
func takeBody(w http.ResponseWriter, r *http.Request, wanted bool) (int, error) {
	if r.Header.Get("Content-Encoding") != "" && r.ContentLength != 0 {
		return http.StatusUnsupportedMediaType, app.Errorf(app.CodeUnsupported, "Send the body uncompressed.")
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return http.StatusRequestEntityTooLarge, app.Errorf(app.CodeTooLarge, "A body has at most %d KiB.", maxBodyBytes>>10)
		}
		return http.StatusBadRequest, app.Invalid("", "The body could not be read to its end.")
	}
	if len(data) > 0 {
		if !wanted {
			return http.StatusBadRequest, app.Invalid("", "This operation takes no body.")
		}
		kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		charset := params["charset"]
		if err != nil || kind != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
			return http.StatusUnsupportedMediaType, app.Errorf(app.CodeUnsupported, "Send the body as application/json.")
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(data))
	return 0, nil
}

// fail answers a call that failed, whether in the generated code or beyond it.
func (g *gateway) fail(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	if md, ok := runtime.ServerMetadataFromContext(ctx); ok {
		if id := md.HeaderMD.Get(requestIDKey); len(id) > 0 {
			w.Header().Set("X-Request-Id", id[0])
		}
	}
	if info, ok := infoOf(err); ok {
		writeInfo(w, outcomeOf(app.Code(info.GetCode())).http, info)
		return
	}
	text := status.Convert(err).Message()
	refusal, ok := takeBodyError(text)
	if !ok { // of the generated code: a path or query parameter of the wrong type
		refusal = app.Invalid(fullName(r, parameterName(text)), "The value of a parameter does not fit.")
	}
	writeError(w, r, http.StatusBadRequest, refusal)
}

// parameterName finds the name that the generated code puts into its messages, "" when there is none.
func parameterName(text string) string {
	for _, mark := range []string{"parameter: ", "parsing field \"", "invalid path: \""} {
		if _, rest, ok := strings.Cut(text, mark); ok {
			end := strings.IndexAny(rest, ",\"")
			if end < 0 {
				end = len(rest)
			}
			return plain(rest[:end])
		}
	}
	return ""
}

// fullName finds the parameter of the query that ends in a field's name.
func fullName(r *http.Request, field string) string {
	for key := range r.URL.Query() {
		if strings.HasSuffix(key, "."+field) {
			return plain(key)
		}
	}
	return field
}

// writeError answers with the error's own status, or with the given one.
func writeError(w http.ResponseWriter, r *http.Request, status int, err error) {
	info := translate.Error(err, r.Header.Get("X-Request-Id"))
	if status == 0 {
		status = outcomeOf(app.Code(info.GetCode())).http
	}
	writeInfo(w, status, info)
}

// writeInfo writes the one shape of an error.
func writeInfo(w http.ResponseWriter, status int, info *synctvv1.ErrorInfo) {
	body, err := json.Marshal(map[string]any{
		"code": info.GetCode(), "message": info.GetMessage(), "field": info.GetField(),
		"retryAfterMs": info.GetRetryAfterMs(), "requestId": info.GetRequestId(),
	})
	if err != nil { // text and numbers always encode
		body = []byte(`{"code":"internal"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="synctv"`)
	}
	if ms := info.GetRetryAfterMs(); ms > 0 {
		h.Set("Retry-After", strconv.Itoa(int((int64(ms)+999)/1000)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that left gets nothing
}

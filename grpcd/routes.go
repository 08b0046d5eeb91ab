package grpcd

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Route is one REST operation, as the contract's annotations describe it.
type Route struct {
	// Method is the HTTP method, Path the template, for example "/api/v1/rooms/{room_id}".
	Method, Path string
	// FullMethod is the gRPC method it stands for.
	FullMethod string
	// Body tells whether the request is a JSON body; otherwise it is in the query.
	Body bool

	input    protoreflect.MessageDescriptor
	segments []string // "{}" for a variable
	verb     string   // after the colon
}

// routesOf reads the routes of one service.
func routesOf(service string) ([]Route, error) {
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return nil, fmt.Errorf("grpcd: %s is not in the contract: %w", service, err)
	}
	sd, ok := d.(protoreflect.ServiceDescriptor)
	if !ok {
		return nil, fmt.Errorf("grpcd: %s is not a service", service)
	}
	var routes []Route
	for i := range sd.Methods().Len() {
		m := sd.Methods().Get(i)
		rule, ok := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
		if !ok || rule == nil {
			continue
		}
		r := Route{FullMethod: fmt.Sprintf("/%s/%s", service, m.Name()), Body: rule.GetBody() == "*", input: m.Input()}
		switch p := rule.GetPattern().(type) {
		case *annotations.HttpRule_Get:
			r.Method, r.Path = http.MethodGet, p.Get
		case *annotations.HttpRule_Post:
			r.Method, r.Path = http.MethodPost, p.Post
		case *annotations.HttpRule_Put:
			r.Method, r.Path = http.MethodPut, p.Put
		case *annotations.HttpRule_Patch:
			r.Method, r.Path = http.MethodPatch, p.Patch
		case *annotations.HttpRule_Delete:
			r.Method, r.Path = http.MethodDelete, p.Delete
		default:
			return nil, fmt.Errorf("grpcd: %s has a route of an unknown kind", r.FullMethod)
		}
		r.segments, r.verb = splitPath(r.Path)
		for i, s := range r.segments {
			if strings.HasPrefix(s, "{") {
				r.segments[i] = "{}"
			}
		}
		routes = append(routes, r)
	}
	return routes, nil
}

// Routes lists every REST operation of the services the server has, by path and method.
func (s *Server) Routes() []Route {
	var all []Route
	for service := range s.native.GetServiceInfo() {
		routes, err := routesOf(service)
		if err != nil {
			continue // New has read them all without an error
		}
		all = append(all, routes...)
	}
	slices.SortFunc(all, func(a, b Route) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	return all
}

// splitPath cuts a path at its slashes, and the verb off its last part.
func splitPath(path string) (segments []string, verb string) {
	segments = strings.Split(strings.TrimPrefix(path, "/"), "/")
	last := len(segments) - 1
	if i := strings.LastIndexByte(segments[last], ':'); i > 0 {
		segments[last], verb = segments[last][:i], segments[last][i+1:]
	}
	return segments, verb
}

// matches tells whether a path is of this route.
func (r Route) matches(path string) bool {
	if r.verb != "" {
		var ok bool
		if path, ok = strings.CutSuffix(path, ":"+r.verb); !ok {
			return false
		}
	}
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(parts) != len(r.segments) {
		return false
	}
	for i, want := range r.segments {
		if parts[i] == "" || want != "{}" && want != parts[i] {
			return false
		}
	}
	return true
}

// hasParameter tells whether a query may have this key: a field of the request, by either spelling, with
// dots into messages, that is not in the path already.
func (r Route) hasParameter(key string) bool {
	if strings.Contains(r.Path, "{"+key+"}") {
		return false
	}
	d := r.input
	names := strings.Split(key, ".")
	for i, name := range names {
		f := d.Fields().ByName(protoreflect.Name(name))
		if f == nil {
			f = d.Fields().ByJSONName(name)
		}
		if f == nil || i == 0 && strings.Contains(r.Path, "{"+string(f.Name())+"}") {
			return false
		}
		if i == len(names)-1 {
			return f.Message() == nil
		}
		if d = f.Message(); d == nil || f.IsList() || f.IsMap() {
			return false
		}
	}
	return false
}

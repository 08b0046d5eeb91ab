package httpd

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
)

//go:embed docs/page.html
var docsPage string

//go:embed docs/style.css
var docsStyle []byte

// docs are the API's description, and a page made of it. Everything is rendered once, at the start.
type docs struct {
	// immutable after newDocs
	spec, page, style *file
}

func newDocs(spec []byte) (*docs, error) {
	var api openAPI
	if err := json.Unmarshal(spec, &api); err != nil {
		return nil, fmt.Errorf("httpd: the API's description: %w", err)
	}
	tmpl, err := template.New("docs").Parse(docsPage)
	if err != nil {
		return nil, fmt.Errorf("httpd: the API's page: %w", err)
	}
	var page bytes.Buffer
	if err := tmpl.Execute(&page, api.services()); err != nil {
		return nil, fmt.Errorf("httpd: the API's page: %w", err)
	}
	return &docs{
		spec:  single("application/json", spec),
		page:  single("text/html; charset=utf-8", page.Bytes()),
		style: single("text/css; charset=utf-8", docsStyle),
	}, nil
}

func single(kind string, data []byte) *file {
	sum := sha256.Sum256(data)
	return &file{kind: kind, versions: []version{{"", `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, data}}}
}

func (d *docs) serveSpec(w http.ResponseWriter, r *http.Request) { serveFresh(w, r, d.spec) }

func (d *docs) serveStyle(w http.ResponseWriter, r *http.Request) { serveFresh(w, r, d.style) }

func (d *docs) servePage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	serveFresh(w, r, d.page)
}

func serveFresh(w http.ResponseWriter, r *http.Request, f *file) {
	w.Header().Set("Cache-Control", "no-cache")
	f.serve(w, r)
}

// openAPI is the part of an OpenAPI 3.1 document that the page shows.
type openAPI struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
	Tags []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"tags"`
}

type operation struct {
	Tags        []string    `json:"tags"`
	Summary     string      `json:"summary"`
	OperationID string      `json:"operationId"`
	Parameters  []parameter `json:"parameters"`
	RequestBody *payload    `json:"requestBody"`
	Responses   map[string]payload
}

type parameter struct {
	Name        string `json:"name"`
	In          string `json:"in"`
	Description string `json:"description"`
	Schema      schema `json:"schema"`
}

type payload struct {
	Content map[string]struct {
		Schema schema `json:"schema"`
	} `json:"content"`
}

type schema struct {
	Ref         string            `json:"$ref"`
	Type        string            `json:"type"`
	Description string            `json:"description"`
	Items       *schema           `json:"items"`
	Properties  map[string]schema `json:"properties"`
	Enum        []any             `json:"enum"`
	Additional  *schema           `json:"additionalProperties"`
}

// docService, docOperation and docField are what the page's template walks.
type docService struct {
	Name, About string
	Operations  []docOperation
}

type docOperation struct {
	ID, Method, Path, Summary, Answer string
	Parameters, Body, Reply           []docField
}

type docField struct{ Name, Kind, About string }

// services groups the operations by their tag, services and paths in order.
func (a openAPI) services() []docService {
	byName := map[string]*docService{}
	for _, t := range a.Tags {
		byName[t.Name] = &docService{Name: t.Name, About: t.Description}
	}
	for path, methods := range a.Paths {
		for method, op := range methods {
			tag := "Other"
			if len(op.Tags) > 0 {
				tag = op.Tags[0]
			}
			if byName[tag] == nil {
				byName[tag] = &docService{Name: tag}
			}
			byName[tag].Operations = append(byName[tag].Operations, a.describe(path, method, op))
		}
	}
	var all []docService
	for _, s := range byName {
		if len(s.Operations) == 0 {
			continue
		}
		slices.SortFunc(s.Operations, func(x, y docOperation) int { return strings.Compare(x.Path+" "+x.Method, y.Path+" "+y.Method) })
		all = append(all, *s)
	}
	slices.SortFunc(all, func(x, y docService) int { return strings.Compare(x.Name, y.Name) })
	return all
}

func (a openAPI) describe(path, method string, op operation) docOperation {
	out := docOperation{ID: op.OperationID, Method: strings.ToUpper(method), Path: path, Summary: op.Summary}
	if name, rest, ok := strings.Cut(op.Summary, " "); ok && strings.HasSuffix(op.OperationID, "_"+name) {
		out.Summary = strings.ToUpper(rest[:1]) + rest[1:] // the name is in the heading already
	}
	for _, p := range op.Parameters {
		out.Parameters = append(out.Parameters, docField{p.Name, p.Schema.kind() + ", in the " + p.In, p.Description})
	}
	if op.RequestBody != nil {
		out.Body = a.fields(op.RequestBody.Content["application/json"].Schema, bodyDepth)
	}
	reply := op.Responses["200"].Content["application/json"].Schema
	out.Answer, out.Reply = reply.kind(), a.fields(reply, 1)
	return out
}

// bodyDepth is how deep the objects of a body are written out: somebody has to write them.
const bodyDepth = 3

// fields lists the properties of an object, and of the objects in it, as deep as wanted.
func (a openAPI) fields(s schema, depth int) []docField {
	s = a.resolve(s)
	var out []docField
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		about, path, inner := p.Description, name+".", a.resolve(p)
		if p.Items != nil {
			path, inner = name+"[].", a.resolve(*p.Items)
		}
		if len(inner.Enum) > 0 {
			about = strings.TrimSpace(about + " One of " + strings.Trim(strings.ReplaceAll(fmt.Sprint(inner.Enum), " ", ", "), "[]") + ".")
		}
		out = append(out, docField{name, p.kind(), about})
		if depth > 1 {
			for _, f := range a.fields(inner, depth-1) {
				f.Name = path + f.Name
				out = append(out, f)
			}
		}
	}
	return out
}

// resolve follows a reference.
func (a openAPI) resolve(s schema) schema {
	if s.Ref == "" {
		return s
	}
	return a.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
}

// kind names a type in a word or two.
func (s schema) kind() string {
	switch {
	case s.Ref != "":
		return s.Ref[strings.LastIndexByte(s.Ref, '.')+1:]
	case s.Items != nil:
		return "list of " + s.Items.kind()
	case s.Additional != nil:
		return "map to " + s.Additional.kind()
	case s.Type == "":
		return "any"
	}
	return s.Type
}

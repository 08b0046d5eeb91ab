package rtmp

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Longest name and query, in bytes, and most parameters, of what a client wants
// to publish or play.
const (
	maxName   = 1024
	maxQuery  = 4096
	maxParams = 64
)

// Target is what a client wants to publish or play, brought into one form
// however its encoder divides an address into server, application and key:
// rtmp://host/App/Stream?Params.
type Target struct {
	App    string // may have slashes, or be empty
	Stream string // the last part of the path, in many uses a secret key
	// Params are those behind Stream, then those behind the application.
	Params url.Values
	Host   string // as the client sees us, with port if it has one
	Type   string // of publishing: live, record, append
}

// ParseTarget reads a Target out of a connect command and the name given to
// publish or play. Known forms: parameters at either end; slashes before, after
// and between; the instance "_definst_"; a name with "flv:" or "mp4:"; an escaped
// name; an empty name with the key in the application, or in tcUrl alone.
func ParseTarget(c Connect, name string) (Target, error) {
	if len(name) > maxName+maxQuery || len(c.App) > maxName+maxQuery {
		return Target{}, ErrNameLong
	}
	t := Target{Params: url.Values{}}
	var tcPath, tcQuery string
	t.Host, tcPath, tcQuery = splitURL(c.TCURL)
	app, appQuery, _ := strings.Cut(c.App, "?")
	name, query, _ := strings.Cut(name, "?")
	t.addParams(query)
	t.addParams(appQuery)
	if appQuery == "" {
		t.addParams(tcQuery)
	}
	appParts, nameParts := parts(app), parts(name)
	if len(nameParts) == 0 && len(appParts) < 2 {
		if fromURL := parts(tcPath); len(fromURL) > len(appParts) {
			appParts = fromURL
		}
		if len(appParts) < 2 {
			return Target{}, ErrNameMissing
		}
	}
	all := append(appParts, nameParts...)
	for i, p := range all {
		if u, err := url.PathUnescape(p); err == nil {
			all[i] = u
		}
	}
	last := len(all) - 1
	all[last], query, _ = strings.Cut(all[last], "?") // it was escaped
	t.addParams(query)
	for _, prefix := range []string{"flv:", "mp4:", "mp3:"} {
		if s, ok := strings.CutPrefix(all[last], prefix); ok {
			all[last] = s
		}
	}
	for _, p := range all {
		if err := checkPart(p); err != nil {
			return Target{}, err
		}
	}
	t.App, t.Stream = strings.Join(all[:last], "/"), all[last]
	if len(t.App)+len(t.Stream) > maxName {
		return Target{}, ErrNameLong
	}
	return t, nil
}

// splitURL divides rtmp://host/path?query without judging it.
func splitURL(s string) (host, path, query string) {
	if len(s) > maxName+maxQuery {
		return "", "", ""
	}
	_, rest, ok := strings.Cut(s, "://")
	if !ok {
		return "", "", ""
	}
	rest, query, _ = strings.Cut(rest, "?")
	host, path, _ = strings.Cut(rest, "/")
	return host, path, query
}

// parts divides a path; empty parts and the default instance are nothing.
func parts(path string) []string {
	var out []string
	for p := range strings.SplitSeq(path, "/") {
		if p != "" && p != "_definst_" {
			out = append(out, p)
		}
	}
	return out
}

// checkPart judges a part of a path as it will be used.
func checkPart(p string) error {
	bad := func(r rune) bool { return r == '/' || r == '\\' || !unicode.IsPrint(r) }
	switch {
	case p == "":
		return ErrNameMissing
	case !utf8.ValidString(p) || p == "." || p == ".." || strings.ContainsFunc(p, bad):
		return ErrNameInvalid
	}
	return nil
}

// addParams adds those that can be read.
func (t *Target) addParams(query string) {
	if len(query) > maxQuery {
		return
	}
	n := 0
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		k, err := url.QueryUnescape(key)
		v, err2 := url.QueryUnescape(value)
		if n == maxParams || k == "" || err != nil || err2 != nil {
			continue
		}
		n++
		t.Params.Add(k, v)
	}
}

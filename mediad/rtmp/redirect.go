package rtmp

import (
	"strings"

	"synctv/mediad/rtmp/amf"
)

// Redirected is a refusal that says where the stream is instead. It is in no
// specification: Flash Media Server and SRS refuse with an "ex" that has the code
// 302, and in "redirect" the tcUrl to connect to, or in "redirect2" the whole.
type Redirected struct {
	Status Status
	URL    string // as the server wrote it: nobody has looked at it
}

// Error implements error. Where to is left out: it may hold a secret.
func (r *Redirected) Error() string {
	return "rtmp: server says " + r.Status.Code + ": the stream is elsewhere"
}

// refusal is the error that information with level "error" stands for.
func refusal(info amf.Value) error {
	s, ex := statusOf(info), info.Get("ex")
	for _, name := range []string{"redirect2", "redirect"} {
		if to := ex.Get(name).String; to != "" {
			return &Redirected{s, to}
		}
	}
	return &s
}

// Redirect returns where a stream is that was found to be at a. Servers write the
// tcUrl, to which the stream's name is added, or the whole address: with as many
// parts in its path as the application has it is the former.
func (a Address) Redirect(to string) (Address, error) {
	base, query, _ := strings.Cut(to, "?")
	_, rest, _ := strings.Cut(base, "://")
	_, path, _ := strings.Cut(rest, "/")
	if len(parts(path)) > max(1, len(parts(a.App))) {
		return ParseAddress(to)
	}
	next := strings.TrimRight(base, "/") + "/" + a.Stream
	if query != "" && strings.Contains(a.Stream, "?") {
		query = "&" + query
	} else if query != "" {
		query = "?" + query
	}
	return ParseAddress(next + query)
}

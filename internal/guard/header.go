package guard

import (
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// CheckHeader judges a request header somebody else chose (a provider, a user) and returns its canonical name. Refused are malformed
// names and values, and headers that frame the message, name the hop or the client, or are the fetching code's own to set.
func CheckHeader(name, value string) (canonical string, err error) {
	if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
		return "", fmt.Errorf("header %q is malformed", name)
	}
	canonical = http.CanonicalHeaderKey(name)
	if reservedHeader(canonical) {
		return "", fmt.Errorf("header %s cannot be chosen", canonical)
	}
	return canonical, nil
}

func reservedHeader(name string) bool {
	switch name {
	case "Host", "Connection", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Keep-Alive",
		"Expect", "Via", "Forwarded", "X-Real-Ip", "Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since",
		"If-Unmodified-Since", "Accept-Encoding", "Http2-Settings", "Max-Forwards":
		return true
	}
	return strings.HasPrefix(name, "X-Forwarded-") || strings.HasPrefix(name, "Proxy-") || strings.HasPrefix(name, "Sec-")
}

package httpd

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// errorBody is the contract's ErrorInfo in JSON.
type errorBody struct {
	Code         string `json:"code"`
	Message      string `json:"message"`
	Field        string `json:"field"`
	RetryAfterMs uint32 `json:"retryAfterMs"`
	RequestID    string `json:"requestId"`
}

// WriteError answers with the one shape of an error. code is a code of app, message is for people. Handlers
// behind the door use it where they have no shape of their own.
func WriteError(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	body, err := json.Marshal(errorBody{Code: code, Message: message, RequestID: r.Header.Get(requestIDHeader)})
	if err != nil { // text always encodes
		body = []byte(`{"code":"internal"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that left gets nothing
	}
}

package mediad

import (
	"strings"

	"synctv/mediad/rtmp"
)

// keyPrefix begins the secrets that encoders publish with.
const keyPrefix = "key_"

// publishName finds the stream key wherever an encoder puts it: as the name of the stream, in a part of the
// application, or as a parameter. It returns it in the form app takes, with the other parameters behind a "?".
func publishName(t rtmp.Target) string {
	key, rest := t.Stream, t.Params
	if !strings.HasPrefix(key, keyPrefix) {
		for part := range strings.SplitSeq(t.App, "/") {
			if strings.HasPrefix(part, keyPrefix) {
				key = part
			}
		}
		for name, values := range rest {
			if len(values) > 0 && strings.HasPrefix(values[0], keyPrefix) {
				key = values[0]
				delete(rest, name)
				break
			}
		}
	}
	if len(rest) == 0 {
		return key
	}
	return key + "?" + rest.Encode()
}

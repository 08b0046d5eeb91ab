package cmaf

import "errors"

// ErrCodec: fragmented MP4, or those who play it, have no place for the codec.
var ErrCodec = errors.New("cmaf: codec cannot be put into MP4 here")

package av

import "fmt"

// describeVP9 reads a VPCodecConfigurationRecord (VP9-ISOBMFF section 2.2).
// Enhanced RTMP sends it with or without the four bytes of a full box in front,
// depending on who sends. The picture size is in the key frames only.
func (t *Track) describeVP9(b []byte) error {
	if len(b) >= 12 && b[0] == 1 && b[1] == 0 && b[2] == 0 && b[3] == 0 {
		b = b[4:]
	}
	if len(b) < 8 {
		return ErrShort
	}
	t.Profile, t.Level, t.BitDepth = int(b[0]), int(b[1]), int(b[2]>>4)
	if t.Profile > 3 || t.BitDepth != 8 && t.BitDepth != 10 && t.BitDepth != 12 {
		return ErrValue
	}
	t.MIME = fmt.Sprintf("vp09.%02d.%02d.%02d", t.Profile, t.Level, t.BitDepth)
	return nil
}

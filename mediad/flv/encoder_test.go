package flv

import (
	"encoding/hex"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Configurations as x264, x265, libaom and the encoders of ffmpeg write them.
const (
	sps640  = "6742c01eda0280bfe5c044000003000400000300c83c58ba80"
	pps640  = "68ce0fc8"
	avc640  = "0142c01effe10019" + sps640 + "010004" + pps640
	sps1080 = "6742c028da01e0089f97011000000300100000030320f1832a"
	avc1080 = "0142c028ffe10019" + sps1080 + "010004" + pps640
	hevc720 = "0102200000009000000000005df000fcfdfafa00000f02a0000100184 0010c01ffff02200000030090000003000003005d959409a10001002b42010102200000030090000003000003005da00280802d136595952930bc05a02000000300200000030321"
	av1     = "81000c000a0b000000043cfeccdaf90040"
	vp9     = "000b820202020000"
	aacLC   = "1190"
	opus    = "4f70757348656164 01 02 3801 80bb0000 0000 00"
)

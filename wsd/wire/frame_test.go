package wire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// TestFrame compares every way to make a frame with the reference encoder.
func TestFrame(t *testing.T) {
	for _, k := range []Kind{Text, Binary, Close, Ping, Pong} {
		for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536} {
			if k >= Close && n > MaxControl {
				continue
			}
			t.Run(fmt.Sprintf("kind %d, %d bytes", k, n), func(t *testing.T) {
				p := bytes.Repeat([]byte("x"), n)
				want := ws.MustCompileFrame(ws.NewFrame(k.opcode(), true, p))
				if got := Frame(k, p); !bytes.Equal(got, want) {
					t.Errorf("Frame: % x", got[:min(12, len(got))])
				}
				room := append(make([]byte, MaxServerHeader), p...)
				if got := Seal(k, room); !bytes.Equal(got, want) {
					t.Errorf("Seal: % x", got[:min(12, len(got))])
				}
				if got := Append([]byte("ab"), k, p); !bytes.Equal(got, append([]byte("ab"), want...)) {
					t.Errorf("Append: % x", got[:min(12, len(got))])
				}
			})
		}
	}
	if got := Frame(Ping, make([]byte, 200)); len(got) != 2+MaxControl {
		t.Errorf("a long ping became %d bytes", len(got))
	}
}

func TestCloseFrame(t *testing.T) {
	for _, tc := range []struct {
		name   string
		code   Code
		reason string
		want   string
	}{
		{"normal", 1000, "bye", "\x88\x05\x03\xe8bye"},
		{"private", 4001, "", "\x88\x02\x0f\xa1"},
		{"no code", CodeNone, "x", "\x88\x00"},
		{"abnormal", CodeAbnormal, "x", "\x88\x00"},
		{"long reason", 1008, strings.Repeat("r", 200), "\x88\x7d\x03\xf0" + strings.Repeat("r", 123)},
		{"cut at a character", 1008, strings.Repeat("r", 122) + "é", "\x88\x7c\x03\xf0" + strings.Repeat("r", 122)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := CloseFrame(tc.code, tc.reason); string(got) != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

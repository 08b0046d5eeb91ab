package main

import (
	"strings"
	"testing"
	"time"
)

func TestPullLimits(t *testing.T) {
	cfg, _, err := LoadConfig(nil)
	if p := cfg.Livestream.Pull; err != nil || p != (LivePull{100, 20, 15 * time.Second}) {
		t.Errorf("%+v %v", p, err)
	}
	cfg, _, err = LoadConfig([]string{"SYNCTV_LIVESTREAM_PULL_MAX=0", "SYNCTV_LIVESTREAM_PULL_PER_ROOM=3", "SYNCTV_LIVESTREAM_PULL_LINGER=1m"})
	if p := cfg.Livestream.Pull; err != nil || p != (LivePull{0, 3, time.Minute}) {
		t.Errorf("%+v %v", p, err)
	}
	for _, wrong := range []string{"PULL_MAX=10001", "PULL_MAX=x", "PULL_PER_ROOM=0", "PULL_PER_ROOM=201", "PULL_LINGER=1s", "PULL_LINGER=2h"} {
		name, _, _ := strings.Cut(wrong, "=")
		if _, _, err := LoadConfig([]string{"SYNCTV_LIVESTREAM_" + wrong}); err == nil || !strings.Contains(err.Error(), "SYNCTV_LIVESTREAM_"+name) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"synctv/internal/env"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

func TestConfigNeedsNothing(t *testing.T) {
	c, warnings, err := LoadConfig([]string{"PATH=/bin", "HOME=/root"})
	if err != nil || len(warnings) != 0 {
		t.Fatal(warnings, err)
	}
	if c.ServerAddr() != ":8080" || c.MetricsAddr() != "" || c.SQLitePath() != "data/synctv.db" || c.DrainTimeout() != 30*time.Second ||
		c.RTMPAddr() != ":1935" || c.Livestream.portChosen || c.WebRTC.STUNAddr() != "" {
		t.Fatalf("%+v", c)
	}
	if !c.Auth.Registration || !c.Auth.Guests || c.Cluster.Enabled || c.Auth.AccessTTL != 15*time.Minute || !c.Media.Proxy {
		t.Fatalf("%+v", c)
	}
}

func TestConfigValues(t *testing.T) {
	c, warnings, err := LoadConfig([]string{
		"SYNCTV_SERVER_HOST=127.0.0.1", "SYNCTV_SERVER_PORT=9000", "SYNCTV_SERVER_PUBLIC_URL=https://Watch.example.org/",
		"SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.1,10.0.0.0/8", "SYNCTV_DATABASE_URL=postgres://u:p@h/db", "SYNCTV_REDIS_URL=redis://h",
		"SYNCTV_CLUSTER_ENABLED=true", "SYNCTV_MASTER_SECRET=" + strings.Repeat("x", 32), "SYNCTV_METRICS_PORT=9090",
		"SYNCTV_MEDIA_ALLOW_PRIVATE=192.168.0.0/16,nas.lan:8096", "SYNCTV_LOG_LEVEL=warn", "SYNCTV_LIVESTREAM_RTMP_PORT=1936", "SYNCTV_WEBRTC_STUN_PORT=3478",
		"SYNCTV_WEBRTC_STUN_HOST=::1", "SYNCTV_WEBRTC_PUBLIC_STUN_URL=stun:[2001:db8::1]:3478", "SYNCTV_MANAGEMENT_PORT=50053",
	})
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "no effect") {
		t.Fatal(warnings, err)
	}
	if c.ServerAddr() != "127.0.0.1:9000" || c.Server.PublicURL != "https://watch.example.org" || c.MetricsAddr() != "127.0.0.1:9090" || c.RTMPAddr() != ":1936" || c.WebRTC.STUNAddr() != "[::1]:3478" || !c.Livestream.portChosen ||
		c.SQLitePath() != "" || len(c.Server.TrustedProxies) != 2 || len(c.Media.AllowPrivate.Networks) != 1 || c.Media.AllowPrivate.Hosts[0] != "nas.lan:8096" {
		t.Fatalf("%+v", c)
	}
}

func TestConfigMistakes(t *testing.T) {
	long := strings.Repeat("x", 32)
	cases := []struct {
		name    string
		environ []string
		want    []string // names of the variables at fault
	}{
		{"unknown name", []string{"SYNCTV_SERVER_PROT=1"}, []string{"SERVER_PROT"}},
		{"cluster on sqlite", []string{"SYNCTV_CLUSTER_ENABLED=true", "SYNCTV_REDIS_URL=redis://h", "SYNCTV_MASTER_SECRET=" + long}, []string{"DATABASE_URL"}},
		{"cluster alone", []string{"SYNCTV_CLUSTER_ENABLED=true"}, []string{"DATABASE_URL", "REDIS_URL", "MASTER_SECRET"}},
		{"short secrets", []string{"SYNCTV_MASTER_SECRET=a", "SYNCTV_SERVER_CLUSTER_SECRET=b", "SYNCTV_METRICS_TOKEN=c"}, []string{"MASTER_SECRET", "SERVER_CLUSTER_SECRET", "METRICS_TOKEN"}},
		{"open metrics", []string{"SYNCTV_METRICS_PORT=9090", "SYNCTV_METRICS_HOST=0.0.0.0"}, []string{"METRICS_TOKEN"}},
		{"one port for two", []string{"SYNCTV_METRICS_PORT=8080"}, []string{"METRICS_PORT"}},
		{"hosts with ports", []string{"SYNCTV_SERVER_HOST=0.0.0.0:80", "SYNCTV_METRICS_HOST=x:1"}, []string{"SERVER_HOST", "METRICS_HOST"}},
		{"foreign databases", []string{"SYNCTV_DATABASE_URL=mysql://h/db", "SYNCTV_REDIS_URL=http://h"}, []string{"DATABASE_URL", "REDIS_URL"}},
		{"postgres without host", []string{"SYNCTV_DATABASE_URL=postgres:db"}, []string{"DATABASE_URL"}},
		{"drain", []string{"SYNCTV_SERVER_SHUTDOWN_DRAIN_TIMEOUT_SECONDS=0"}, []string{"SERVER_SHUTDOWN_DRAIN_TIMEOUT_SECONDS"}},
		{"times", []string{"SYNCTV_AUTH_ACCESS_TTL=1s", "SYNCTV_AUTH_GUEST_TTL=87600h"}, []string{"AUTH_ACCESS_TTL", "AUTH_GUEST_TTL"}},
		{"refresh shorter than access", []string{"SYNCTV_AUTH_ACCESS_TTL=2h", "SYNCTV_AUTH_REFRESH_TTL=1h"}, []string{"AUTH_REFRESH_TTL"}},
		{"choices", []string{"SYNCTV_LOG_FORMAT=xml", "SYNCTV_CLUSTER_DISCOVERY_MODE=magic", "SYNCTV_CLUSTER_LEADER_ELECTION_MODE=x"}, []string{"LOG_FORMAT", "CLUSTER_DISCOVERY_MODE", "CLUSTER_LEADER_ELECTION_MODE"}},
		{"level", []string{"SYNCTV_LOG_LEVEL=loud"}, []string{"LOG_LEVEL"}},
		{"limits", []string{"SYNCTV_ROOM_MAX_MEDIA=0", "SYNCTV_REALTIME_MAX_CONNECTIONS=0", "SYNCTV_AUTH_PASSWORD_MEMORY_KIB=1"}, []string{"AUTH_PASSWORD_MEMORY_KIB", "ROOM_MAX_MEDIA", "REALTIME_MAX_CONNECTIONS"}},
		{"live addresses", []string{"SYNCTV_LIVESTREAM_PUBLIC_RTMP_URL=http://h", "SYNCTV_LIVESTREAM_PUBLIC_HTTP_URL=rtmp://h", "SYNCTV_LIVESTREAM_HOOKS_URL=ftp://h"}, []string{"LIVESTREAM_HOOKS_URL", "LIVESTREAM_PUBLIC_HTTP_URL", "LIVESTREAM_PUBLIC_RTMP_URL"}},
		{"port of encoders", []string{"SYNCTV_LIVESTREAM_RTMP_PORT=8080", "SYNCTV_LIVESTREAM_RTMP_HOST=nowhere"}, []string{"LIVESTREAM_RTMP_HOST", "LIVESTREAM_RTMP_PORT"}},
		{"ingest with a key", []string{"SYNCTV_LIVESTREAM_PUBLIC_RTMP_URL=rtmp://u:p@h/live?key=1"}, []string{"LIVESTREAM_PUBLIC_RTMP_URL"}},
		{"short hook secret", []string{"SYNCTV_LIVESTREAM_HOOKS_URL=http://h/x", "SYNCTV_LIVESTREAM_HOOKS_SECRET=short"}, []string{"LIVESTREAM_HOOKS_SECRET"}},
		{"half a certificate", []string{"SYNCTV_LIVESTREAM_TLS_CERT=/cert"}, []string{"LIVESTREAM_TLS_KEY"}},
		{"the other half", []string{"SYNCTV_LIVESTREAM_TLS_KEY=/key"}, []string{"LIVESTREAM_TLS_CERT"}},
		{"STUN", []string{"SYNCTV_WEBRTC_STUN_HOST=nowhere", "SYNCTV_WEBRTC_STUN_PORT=70000", "SYNCTV_WEBRTC_PUBLIC_STUN_URL=stun://h"}, []string{"WEBRTC_PUBLIC_STUN_URL", "WEBRTC_STUN_HOST", "WEBRTC_STUN_PORT"}},
		{"not STUN", []string{"SYNCTV_WEBRTC_PUBLIC_STUN_URL=turn:h:3478"}, []string{"WEBRTC_PUBLIC_STUN_URL"}},
		{"prefix", []string{"SYNCTV_REDIS_KEY_PREFIX=a b"}, []string{"REDIS_KEY_PREFIX"}},
		{"blank name", []string{"SYNCTV_SERVER_NAME=  "}, []string{"SERVER_NAME"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := LoadConfig(c.environ)
			var ps env.Problems
			if !errors.As(err, &ps) {
				t.Fatalf("got %v", err)
			}
			got := map[string]bool{}
			for _, p := range ps {
				got[p.Name] = true
				if p.Wrong == "" || p.Do == "" {
					t.Errorf("%s says too little", p)
				}
			}
			for _, w := range c.want {
				if !got[envPrefix+w] {
					t.Errorf("%s is not reported: %v", w, err)
				}
			}
			if len(ps) != len(c.want) {
				t.Errorf("%d problems, want %d: %v", len(ps), len(c.want), err)
			}
		})
	}
}

func TestPrintConfigShowsNoSecret(t *testing.T) {
	c, _, err := LoadConfig([]string{"SYNCTV_MASTER_SECRET=hush-hush-hush-hush-hush-hush-hush", "SYNCTV_DATABASE_URL=postgres://me:hush@db/x",
		"SYNCTV_REDIS_URL=redis://:hush@cache", "SYNCTV_METRICS_TOKEN=hush-hush-hush-hush"})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := PrintConfig(&out, c); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "hush") {
		t.Fatal(out.String())
	}
	for _, want := range []string{"SYNCTV_SERVER_PORT", "8080", "postgres://me:xxxxx@db/x", "INFO"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func TestDocumentationIsCurrent(t *testing.T) {
	var want bytes.Buffer
	if err := WriteConfigMarkdown(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("docs/configuration.md", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("docs/configuration.md")
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Fatalf("docs/configuration.md is not what the struct says (%v): run go test -run Documentation -update .", err)
	}
}

func TestEveryDocumentedVariableSaysWhatItDoes(t *testing.T) {
	fields, err := env.Fields(Config{}, envPrefix)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		if !f.Reserved && (f.Doc == "" || !strings.HasSuffix(f.Doc, ".")) {
			t.Errorf("%s has no sentence", f.Name)
		}
	}
}

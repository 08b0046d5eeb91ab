package env

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type sample struct {
	Name   string `env:"NAME" doc:"A name." envDefault:"x"`
	Server struct {
		Port  uint16        `env:"PORT" envDefault:"8080" doc:"Where to listen."`
		Drain time.Duration `env:"DRAIN" envDefault:"30s" doc:"How long to drain."`
	} `envPrefix:"SERVER_"`
	Auth struct {
		Key  string `env:"KEY" secret:"true" doc:"The key."`
		Open bool   `env:"OPEN" envDefault:"true" doc:"Open."`
	} `envPrefix:"AUTH_"`
}

func load(t *testing.T, environ ...string) (sample, []string, error) {
	t.Helper()
	var s sample
	w, err := Load(&s, Source{Prefix: "SYNCTV_", Environ: append(environ, "PATH=/bin", "SYNC=1")})
	return s, w, err
}

func TestLoadDefaultsAndValues(t *testing.T) {
	s, w, err := load(t, "SYNCTV_SERVER_DRAIN=5s", "SYNCTV_NAME=")
	if err != nil || len(w) != 0 {
		t.Fatal(w, err)
	}
	if s.Name != "x" || s.Server.Port != 8080 || s.Server.Drain != 5*time.Second || !s.Auth.Open {
		t.Fatalf("%+v", s)
	}
}

func TestProblems(t *testing.T) {
	cases := []struct {
		name    string
		environ []string
		want    []string // "NAME" and a part of the line, alternating
	}{
		{"bad number", []string{"SYNCTV_SERVER_PORT=http"}, []string{"SYNCTV_SERVER_PORT", `"http" is not a whole number`}},
		{"out of range", []string{"SYNCTV_SERVER_PORT=70000"}, []string{"SYNCTV_SERVER_PORT", "8080"}},
		{"bad bool", []string{"SYNCTV_AUTH_OPEN=maybe"}, []string{"SYNCTV_AUTH_OPEN", "true or false"}},
		{"bad duration", []string{"SYNCTV_SERVER_DRAIN=30"}, []string{"SYNCTV_SERVER_DRAIN", "a duration"}},
		{"two at once", []string{"SYNCTV_SERVER_PORT=a", "SYNCTV_AUTH_OPEN=b"}, []string{"SYNCTV_AUTH_OPEN", "", "SYNCTV_SERVER_PORT", ""}},
		{"unknown near", []string{"SYNCTV_SERVER_PROT=1"}, []string{"SYNCTV_SERVER_PROT", "Did you mean SYNCTV_SERVER_PORT?"}},
		{"unknown file", []string{"SYNCTV_AUTH_KEYFILE=1"}, []string{"SYNCTV_AUTH_KEYFILE", "Did you mean SYNCTV_AUTH_KEY_FILE?"}},
		{"unknown far", []string{"SYNCTV_ZZZZZZZZZZZZZ=1"}, []string{"SYNCTV_ZZZZZZZZZZZZZ", "Remove it"}},
		{"no file for what is no secret", []string{"SYNCTV_NAME_FILE=/x"}, []string{"SYNCTV_NAME_FILE", "no such setting"}},
		{"both", []string{"SYNCTV_AUTH_KEY=a", "SYNCTV_AUTH_KEY_FILE=/b"}, []string{"SYNCTV_AUTH_KEY", "Keep one"}},
		{"no such file", []string{"SYNCTV_AUTH_KEY_FILE=/nonexistent/b"}, []string{"SYNCTV_AUTH_KEY_FILE", "/nonexistent/b"}},
		{"a directory", []string{"SYNCTV_AUTH_KEY_FILE=/"}, []string{"SYNCTV_AUTH_KEY_FILE", "not a regular file"}},
		{"service link on a name of ours", []string{"SYNCTV_SERVER_PORT=tcp://10.0.0.1:80"}, []string{"SYNCTV_SERVER_PORT", "enableServiceLinks"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := load(t, c.environ...)
			var ps Problems
			if !errors.As(err, &ps) {
				t.Fatalf("got %v", err)
			}
			if len(ps)*2 != len(c.want) {
				t.Fatalf("got %v", ps)
			}
			for i, p := range ps {
				if p.Name != c.want[2*i] || !strings.Contains(p.Error(), c.want[2*i+1]) {
					t.Errorf("got %q, want %q … %q", p.Error(), c.want[2*i], c.want[2*i+1])
				}
			}
		})
	}
}

func TestServiceLinksAreIgnoredWithAWarning(t *testing.T) {
	_, w, err := load(t, "SYNCTV_SERVICE_HOST=10.0.0.1", "SYNCTV_SERVICE_PORT=80", "SYNCTV_SERVICE_PORT_HTTP=80", "SYNCTV_PORT=tcp://10.0.0.1:80",
		"SYNCTV_PORT_80_TCP=tcp://10.0.0.1:80", "SYNCTV_PORT_80_TCP_ADDR=10.0.0.1", "SYNCTV_REDIS_SERVICE_HOST=10.0.0.2")
	if err != nil || len(w) != 7 {
		t.Fatal(w, err)
	}
}

func TestSecretFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, w, err := load(t, "SYNCTV_AUTH_KEY_FILE="+path)
	if err != nil || s.Auth.Key != "hush" || len(w) != 0 {
		t.Fatal(s, w, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, w, err = load(t, "SYNCTV_AUTH_KEY_FILE="+path); err != nil || len(w) != 1 || !strings.Contains(w[0], "chmod 600") {
		t.Fatal(w, err)
	}
	if err := os.WriteFile(path, make([]byte, maxFileBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err = load(t, "SYNCTV_AUTH_KEY_FILE="+path); err == nil {
		t.Fatal("a huge file passed")
	}
	var s2 sample
	_, err = Load(&s2, Source{Prefix: "SYNCTV_", Environ: []string{"SYNCTV_AUTH_KEY_FILE=k"}, Open: func(string) (File, error) { return nil, fs.ErrPermission }})
	if err == nil || !strings.Contains(err.Error(), "permission") {
		t.Fatal(err)
	}
}

func TestTableAndMarkdown(t *testing.T) {
	s, _, err := load(t, "SYNCTV_AUTH_KEY=hush")
	if err != nil {
		t.Fatal(err)
	}
	fields, err := Fields(&s, "SYNCTV_")
	if err != nil {
		t.Fatal(err)
	}
	var table, md strings.Builder
	if err := Table(&table, fields); err != nil {
		t.Fatal(err)
	}
	if err := Markdown(&md, fields, map[string]string{"SERVER": "The server"}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(table.String()+md.String(), "hush") {
		t.Fatal("a secret was printed")
	}
	for _, want := range []string{"SYNCTV_AUTH_KEY", "(set, not shown)", "8080", "30s"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("%q is not in\n%s", want, table.String())
		}
	}
	for _, want := range []string{"## The server", "## AUTH", "`SYNCTV_AUTH_KEY_FILE`", "| `SYNCTV_SERVER_PORT` | `8080` | Where to listen. |"} {
		if !strings.Contains(md.String(), want) {
			t.Errorf("%q is not in\n%s", want, md.String())
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"A", "", 1}, {"PORT", "PROT", 1}, {"PORT", "PORTS", 1}, {"PORT", "FORT", 1}, {"ABC", "XYZ", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

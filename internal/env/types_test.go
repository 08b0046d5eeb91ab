package env

import (
	"encoding"
	"strings"
	"testing"
)

func TestTypes(t *testing.T) {
	parse := func(into encoding.TextUnmarshaler) func(string) (string, error) {
		return func(s string) (string, error) {
			if err := into.UnmarshalText([]byte(s)); err != nil {
				return "", err
			}
			switch v := into.(type) {
			case encoding.TextMarshaler:
				b, err := v.MarshalText()
				return string(b), err
			case *Hosts:
				return strings.Join(*v, ","), nil
			case *Origins:
				return strings.Join(*v, ","), nil
			case *WebURL:
				return string(*v), nil
			}
			panic("unknown type")
		}
	}
	networks, destinations := parse(new(Networks)), parse(new(Destinations))
	hosts, origins, web := parse(new(Hosts)), parse(new(Origins)), parse(new(WebURL))
	cases := []struct {
		name     string
		parse    func(string) (string, error)
		in, want string // want "" is an error
	}{
		{"networks", networks, "10.0.0.0/8, 127.0.0.1 ,fd00::/8,", "10.0.0.0/8,127.0.0.1/32,fd00::/8"},
		{"networks are masked", networks, "10.1.2.3/8", "10.0.0.0/8"},
		{"network of nonsense", networks, "10.0.0.0/33", ""},
		{"name as network", networks, "proxy.lan", ""},
		{"destinations", destinations, "NAS.lan,10.0.0.0/8,nas.lan:8096,[fd00::1]:80", "10.0.0.0/8,nas.lan,nas.lan:8096,[fd00::1]:80"},
		{"destination with scheme", destinations, "http://nas.lan", ""},
		{"destination with port 0", destinations, "nas.lan:0", ""},
		{"destination with blank", destinations, "nas lan", ""},
		{"hosts", hosts, "Watch.Example.org,10.0.0.5,::1", "watch.example.org,10.0.0.5,::1"},
		{"host with port", hosts, "example.org:80", ""},
		{"host of a dash", hosts, "-", ""},
		{"origins", origins, "https://Example.org/,http://localhost:5173", "https://example.org,http://localhost:5173"},
		{"origin star", origins, "*", ""},
		{"origin null", origins, "null", ""},
		{"origin with path", origins, "https://example.org/x", ""},
		{"origin with user", origins, "https://a@example.org", ""},
		{"web", web, "https://Watch.example.org/", "https://watch.example.org"},
		{"web with path", web, "https://example.org/tv/", "https://example.org/tv"},
		{"web on an address", web, "http://[::1]:8080", "http://[::1]:8080"},
		{"web without scheme", web, "example.org", ""},
		{"web with other scheme", web, "ftp://example.org", ""},
		{"web with query", web, "https://example.org/?x=1", ""},
		{"web without host", web, "https://", ""},
	}
	for _, c := range cases {
		got, err := c.parse(c.in)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

func TestSecretURLIsRedacted(t *testing.T) {
	for in, want := range map[SecretURL]string{
		"":                                      "",
		"postgres://me:hush@db/x?password=hush": "postgres://me:xxxxx@db/x?…",
		"redis://:hush@cache:6379/0":            "redis://:xxxxx@cache:6379/0",
		"::hush":                                "(set, not shown)",
	} {
		if got := in.Redacted(); got != want {
			t.Errorf("%q: got %q", in, got)
		}
	}
}

func TestReservedNamesWarnAndStayHidden(t *testing.T) {
	type later struct {
		Port uint16 `env:"PORT" envDefault:"1" doc:"Later." reserved:"true"`
		Now  uint16 `env:"NOW" envDefault:"2" doc:"Now."`
	}
	var l later
	w, err := Load(&l, Source{Prefix: "X_", Environ: []string{"X_PORT=5"}})
	if err != nil || len(w) != 1 || !strings.Contains(w[0], "no effect") {
		t.Fatal(w, err)
	}
	fields, err := Fields(l, "X_")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Table(&out, fields); err != nil {
		t.Fatal(err)
	}
	if err := Markdown(&out, fields, nil); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "X_PORT") || !strings.Contains(out.String(), "X_NOW") {
		t.Fatal(out.String())
	}
}

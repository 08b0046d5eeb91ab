package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"synctv/internal/env"
)

// Config is everything an operator can choose, read from environment variables and from nothing
// else. The field tags are the source of docs/configuration.md.
type Config struct {
	DataDir      string `env:"DATA_DIR" envDefault:"./data" doc:"Folder for everything the server keeps itself: the embedded database and the generated secret. Created when missing; only this server's user may read it. The container image sets it to /data."`
	MasterSecret string `env:"MASTER_SECRET" secret:"true" doc:"The secret from which all keys are derived, at least 32 characters. When not set, one is generated once and kept in the data folder. Changing it signs everybody out. All nodes of a cluster need the same."`

	Server   ServerConfig   `envPrefix:"SERVER_"`
	Database DatabaseConfig `envPrefix:"DATABASE_"`
	Redis    RedisConfig    `envPrefix:"REDIS_"`
	Cluster  ClusterConfig  `envPrefix:"CLUSTER_"`
	Auth     AuthConfig     `envPrefix:"AUTH_"`
	Room     RoomConfig     `envPrefix:"ROOM_"`
	Media    MediaConfig    `envPrefix:"MEDIA_"`
	Realtime RealtimeConfig `envPrefix:"REALTIME_"`
	Metrics  MetricsConfig  `envPrefix:"METRICS_"`
	Log      LogConfig      `envPrefix:"LOG_"`

	Livestream LivestreamConfig `envPrefix:"LIVESTREAM_"`
	WebRTC     WebRTCConfig     `envPrefix:"WEBRTC_"`
	Management struct {
		Port uint16 `env:"PORT" envDefault:"50052" reserved:"true"`
	} `envPrefix:"MANAGEMENT_"`
}

// ServerConfig is the public port and what is said of this server.
type ServerConfig struct {
	Name           string       `env:"NAME" envDefault:"SyncTV" doc:"What the server is called on its pages, at most 60 characters."`
	Host           string       `env:"HOST" doc:"Address to listen on; all of them when not set." example:"127.0.0.1"`
	Port           uint16       `env:"PORT" envDefault:"8080" doc:"The one port for the web client, REST, gRPC and WebSockets. 0 takes a free one."`
	PublicURL      env.WebURL   `env:"PUBLIC_URL" doc:"Address under which people reach the server; used in the links it prints." example:"https://watch.example.org"`
	AllowedHosts   env.Hosts    `env:"ALLOWED_HOSTS" doc:"Host names the server answers to; any when not set. Health checks are always answered." example:"watch.example.org"`
	AllowedOrigins env.Origins  `env:"ALLOWED_ORIGINS" doc:"Origins of other web pages that may use the API and the WebSocket. The server's own pages always may." example:"https://app.example.org"`
	TrustedProxies env.Networks `env:"TRUSTED_PROXIES" doc:"Networks of the reverse proxies in front. Only they are believed when they say whom they speak for (X-Forwarded-For)." example:"127.0.0.1,10.0.0.0/8"`
	DrainSeconds   uint32       `env:"SHUTDOWN_DRAIN_TIMEOUT_SECONDS" envDefault:"30" doc:"How long open requests and connections may take to end when the server stops, 1 to 3600 seconds."`
	AdvertiseHost  string       `env:"ADVERTISE_HOST" reserved:"true"`
	ClusterSecret  string       `env:"CLUSTER_SECRET" secret:"true" doc:"Secret with which the nodes of a cluster prove themselves to each other, at least 32 characters. Derived from the master secret when not set."`
}

// DatabaseConfig says where lasting things are kept.
type DatabaseConfig struct {
	URL env.SecretURL `env:"URL" secret:"true" doc:"PostgreSQL database; when not set, an embedded SQLite database in the data folder is used." example:"postgres://synctv:password@db:5432/synctv"`
}

// RedisConfig says where nodes meet.
type RedisConfig struct {
	URL       env.SecretURL `env:"URL" secret:"true" doc:"Redis server over which the nodes of a cluster talk: redis://, rediss:// or unix://. One node alone needs none." example:"redis://:password@cache:6379/0"`
	KeyPrefix string        `env:"KEY_PREFIX" envDefault:"synctv:" doc:"Begin of all keys and channels in Redis, so that several servers can share one."`
}

// ClusterConfig makes several processes one server.
type ClusterConfig struct {
	Enabled            bool   `env:"ENABLED" envDefault:"false" doc:"Run as one of several nodes. Needs PostgreSQL, Redis, and the same master secret on all nodes; refuses to start otherwise."`
	DiscoveryMode      string `env:"DISCOVERY_MODE" envDefault:"redis" reserved:"true"`
	LeaderElectionMode string `env:"LEADER_ELECTION_MODE" envDefault:"redis" reserved:"true"`
	CatchupWindowSecs  uint32 `env:"CATCHUP_WINDOW_SECS" envDefault:"300" reserved:"true"`
}

// AuthConfig says who may come and for how long.
type AuthConfig struct {
	Registration      bool          `env:"REGISTRATION" envDefault:"true" doc:"Let visitors make accounts. When false, administrators make them."`
	Guests            bool          `env:"GUESTS" envDefault:"true" doc:"Let people without an account into rooms that allow it."`
	AccessTTL         time.Duration `env:"ACCESS_TTL" envDefault:"15m" doc:"How long an access token is good, 1m to 24h. Clients renew it by themselves."`
	RefreshTTL        time.Duration `env:"REFRESH_TTL" envDefault:"720h" doc:"How long somebody stays signed in without coming back, at most 8760h."`
	GuestTTL          time.Duration `env:"GUEST_TTL" envDefault:"168h" doc:"How long a guest can come back to a room under the same name, at most 8760h."`
	PasswordMemoryKiB uint32        `env:"PASSWORD_MEMORY_KIB" envDefault:"19456" doc:"Memory that hashing one password takes (argon2id), in KiB, 8192 to 1048576."`
	PasswordPasses    uint32        `env:"PASSWORD_PASSES" envDefault:"2" doc:"Passes over that memory, 1 to 64."`
	PasswordParallel  uint16        `env:"PASSWORD_PARALLEL" envDefault:"2" doc:"Passwords that are hashed at the same time, 1 to 64. More wait."`
}

// RoomConfig bounds rooms.
type RoomConfig struct {
	MaxPerUser uint32 `env:"MAX_PER_USER" envDefault:"100" doc:"Rooms one account may own."`
	MaxMedia   uint32 `env:"MAX_MEDIA" envDefault:"2000" doc:"Items and folders in one room."`
	MaxPeople  uint32 `env:"MAX_PEOPLE" envDefault:"10000" doc:"Connections in one room at the same time, on top of what its owner allows."`
}

// MediaConfig says which media may be fetched.
type MediaConfig struct {
	Proxy        bool             `env:"PROXY" envDefault:"true" doc:"Let media travel through this server when a browser cannot fetch it directly. When false, only direct media plays."`
	AllowPrivate env.Destinations `env:"ALLOW_PRIVATE" doc:"Addresses in your own network that media may come from: networks, hosts, or host:port. Without it the server fetches from public addresses only." example:"192.168.1.0/24,nas.lan:8096"`
	Deny         env.Networks     `env:"DENY" doc:"Public networks that are never fetched from." example:"203.0.113.0/24"`
}

// RealtimeConfig bounds WebSockets.
type RealtimeConfig struct {
	MaxConnections uint32 `env:"MAX_CONNECTIONS" envDefault:"100000" doc:"WebSockets on this node at the same time; further ones are sent away with 503."`
	MaxPerAddress  uint32 `env:"MAX_PER_ADDRESS" envDefault:"256" doc:"WebSockets from one address (one /64 for IPv6) at the same time; 0 is no limit. Behind a reverse proxy set SYNCTV_SERVER_TRUSTED_PROXIES, or everybody counts as one address."`
}

// MetricsConfig is the private port for Prometheus.
type MetricsConfig struct {
	Host  string `env:"HOST" envDefault:"127.0.0.1" doc:"Address the metrics are served on."`
	Port  uint16 `env:"PORT" envDefault:"0" doc:"Port of the metrics (GET /metrics); 0 turns them off." example:"9090"`
	Token string `env:"TOKEN" secret:"true" doc:"Bearer token a scraper must show, at least 16 characters. Needed when the metrics are not only on this machine."`
}

// LogConfig shapes the log on standard error.
type LogConfig struct {
	Format string     `env:"FORMAT" envDefault:"text" doc:"text or json."`
	Level  slog.Level `env:"LEVEL" envDefault:"info" doc:"debug, info, warn or error: what is less is left out."`
}

// envPrefix begins the name of every variable.
const envPrefix = "SYNCTV_"

// LoadConfig reads the configuration from entries like os.Environ's. The error lists every mistake;
// the warnings are for the log.
func LoadConfig(environ []string) (Config, []string, error) {
	var c Config
	warnings, err := env.Load(&c, env.Source{Prefix: envPrefix, Environ: environ})
	var problems env.Problems
	if err != nil && !errors.As(err, &problems) {
		return Config{}, warnings, err
	}
	// What could not be read says nothing more about itself; the rest is checked all the same.
	unread := map[string]bool{}
	for _, p := range problems {
		unread[strings.TrimSuffix(p.Name, "_FILE")] = true
	}
	for _, p := range c.problems() {
		if !unread[p.Name] {
			problems = append(problems, p)
		}
	}
	if len(problems) > 0 {
		slices.SortStableFunc(problems, func(a, b env.Problem) int { return strings.Compare(a.Name, b.Name) })
		return Config{}, warnings, problems
	}
	c.Livestream.portChosen = slices.ContainsFunc(environ, func(entry string) bool {
		value, ok := strings.CutPrefix(entry, envPrefix+"LIVESTREAM_RTMP_PORT=")
		return ok && value != ""
	})
	return c, append(warnings, c.warnings()...), nil
}

// problems checks what the type of a value does not say, and what does not go together.
func (c *Config) problems() env.Problems {
	var ps env.Problems
	bad := func(name, wrong, do string) {
		ps = append(ps, env.Problem{Name: envPrefix + name, Wrong: wrong, Do: do})
	}
	within := func(name string, v, lo, hi uint64) {
		if v < lo || v > hi {
			bad(name, fmt.Sprintf("%d is out of range.", v), fmt.Sprintf("Choose a number from %d to %d.", lo, hi))
		}
	}
	span := func(name string, v, lo, hi time.Duration) {
		if v < lo || v > hi {
			bad(name, v.String()+" is out of range.", fmt.Sprintf("Choose a duration from %v to %v.", lo, hi))
		}
	}
	secret := func(name, v string, least int) {
		if v != "" && len(v) < least {
			bad(name, fmt.Sprintf("it has %d characters.", len(v)), fmt.Sprintf("Use at least %d random ones, for example from: openssl rand -hex 32.", least))
		}
	}
	oneOf := func(name, v string, choices ...string) {
		if !slices.Contains(choices, v) {
			bad(name, strconv.Quote(v)+" is not a choice.", "Choose one of: "+strings.Join(choices, ", ")+".")
		}
	}
	secret("MASTER_SECRET", c.MasterSecret, 32)
	secret("SERVER_CLUSTER_SECRET", c.Server.ClusterSecret, 32)
	secret("METRICS_TOKEN", c.Metrics.Token, 16)
	within("SERVER_SHUTDOWN_DRAIN_TIMEOUT_SECONDS", uint64(c.Server.DrainSeconds), 1, 3600)
	span("AUTH_ACCESS_TTL", c.Auth.AccessTTL, time.Minute, 24*time.Hour)
	span("AUTH_REFRESH_TTL", c.Auth.RefreshTTL, c.Auth.AccessTTL, 365*24*time.Hour)
	span("AUTH_GUEST_TTL", c.Auth.GuestTTL, time.Minute, 365*24*time.Hour)
	within("AUTH_PASSWORD_MEMORY_KIB", uint64(c.Auth.PasswordMemoryKiB), 8<<10, 1<<20)
	within("AUTH_PASSWORD_PASSES", uint64(c.Auth.PasswordPasses), 1, 64)
	within("AUTH_PASSWORD_PARALLEL", uint64(c.Auth.PasswordParallel), 1, 64)
	within("ROOM_MAX_PER_USER", uint64(c.Room.MaxPerUser), 1, 1e6)
	within("ROOM_MAX_MEDIA", uint64(c.Room.MaxMedia), 1, 1e5)
	within("ROOM_MAX_PEOPLE", uint64(c.Room.MaxPeople), 1, 1e6)
	within("REALTIME_MAX_CONNECTIONS", uint64(c.Realtime.MaxConnections), 1, 1e7)
	within("REALTIME_MAX_PER_ADDRESS", uint64(c.Realtime.MaxPerAddress), 0, 1e7)
	oneOf("LOG_FORMAT", c.Log.Format, "text", "json")
	oneOf("CLUSTER_DISCOVERY_MODE", c.Cluster.DiscoveryMode, "redis", "static", "k8s_dns")
	oneOf("CLUSTER_LEADER_ELECTION_MODE", c.Cluster.LeaderElectionMode, "redis", "k8s_lease")
	within("CLUSTER_CATCHUP_WINDOW_SECS", uint64(c.Cluster.CatchupWindowSecs), 1, 86400)
	if n := len([]rune(c.Server.Name)); n > 60 || strings.TrimSpace(c.Server.Name) == "" {
		bad("SERVER_NAME", "it is blank or longer than 60 characters.", "Choose a short name.")
	}
	if len(c.Redis.KeyPrefix) > 60 || strings.ContainsFunc(c.Redis.KeyPrefix, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("{}*?[]\\", r) }) {
		bad("REDIS_KEY_PREFIX", "it is longer than 60 characters, or has other characters than letters, digits and plain marks.", "Write it like synctv:.")
	}
	ps = append(ps, c.addressProblems()...)
	ps = append(ps, c.Livestream.problems()...)
	ps = append(ps, c.WebRTC.problems()...)
	return append(ps, c.clusterProblems()...)
}

// addressProblems checks where we listen and where we connect to.
func (c *Config) addressProblems() (ps env.Problems) {
	for _, h := range []struct{ name, host string }{{"SERVER_HOST", c.Server.Host}, {"METRICS_HOST", c.Metrics.Host}, {"LIVESTREAM_RTMP_HOST", c.Livestream.RTMPHost}, {"WEBRTC_STUN_HOST", c.WebRTC.STUNHost}} {
		if _, err := netip.ParseAddr(h.host); err != nil && h.host != "" && h.host != "localhost" {
			ps = append(ps, env.Problem{Name: envPrefix + h.name, Wrong: strconv.Quote(h.host) + " is not an address.", Do: "Write it like 127.0.0.1 or ::, without a port."})
		}
	}
	if c.Metrics.Port != 0 && c.Metrics.Port == c.Server.Port {
		ps = append(ps, env.Problem{Name: envPrefix + "METRICS_PORT", Wrong: "it is the same port as SYNCTV_SERVER_PORT.", Do: "Choose another, for example 9090."})
	}
	if p := c.Livestream.RTMPPort; p != 0 && (p == c.Server.Port || p == c.Metrics.Port) {
		ps = append(ps, env.Problem{Name: envPrefix + "LIVESTREAM_RTMP_PORT", Wrong: "it is the same port as another of this server's.", Do: "Choose another, for example 1935."})
	}
	if c.Metrics.Port != 0 && c.Metrics.Token == "" && !loopback(c.Metrics.Host) {
		ps = append(ps, env.Problem{Name: envPrefix + "METRICS_TOKEN", Wrong: "it is not set, and the metrics are open to other machines.", Do: "Set a token, or set SYNCTV_METRICS_HOST to 127.0.0.1."})
	}
	if s := string(c.Database.URL); s != "" && !urlOf(s, "postgres", "postgresql") {
		ps = append(ps, env.Problem{Name: envPrefix + "DATABASE_URL", Wrong: "it is not a PostgreSQL address.", Do: "Write it like postgres://user:password@host:5432/database, or leave it out for the embedded SQLite."})
	}
	if s := string(c.Redis.URL); s != "" && !urlOf(s, "redis", "rediss", "unix") {
		ps = append(ps, env.Problem{Name: envPrefix + "REDIS_URL", Wrong: "it is not a Redis address.", Do: "Write it like redis://:password@host:6379/0."})
	}
	return ps
}

// clusterProblems refuses a cluster whose nodes could not be one server.
func (c *Config) clusterProblems() (ps env.Problems) {
	if !c.Cluster.Enabled {
		return nil
	}
	need := func(name, do string) {
		ps = append(ps, env.Problem{Name: envPrefix + name, Wrong: "a cluster needs it.", Do: do + " Or set SYNCTV_CLUSTER_ENABLED=false."})
	}
	if c.Database.URL == "" {
		need("DATABASE_URL", "Name a PostgreSQL database that all nodes share: SQLite belongs to one process.")
	}
	if c.Redis.URL == "" {
		need("REDIS_URL", "Name a Redis server that all nodes share.")
	}
	if c.MasterSecret == "" {
		need("MASTER_SECRET", "Give all nodes the same secret, or a token of one node means nothing to the next.")
	}
	return ps
}

// warnings are choices that work and are probably not meant.
func (c *Config) warnings() (w []string) {
	if c.Redis.URL != "" && !c.Cluster.Enabled && c.Database.URL == "" {
		w = append(w, "SYNCTV_REDIS_URL is set with the embedded database: this stays a single node.")
	}
	for _, p := range c.Server.TrustedProxies {
		if p.Bits() == 0 {
			w = append(w, "SYNCTV_SERVER_TRUSTED_PROXIES trusts everybody: anyone can pretend to be any address.")
		}
	}
	for _, p := range c.Media.AllowPrivate.Networks {
		if p.Bits() == 0 {
			w = append(w, "SYNCTV_MEDIA_ALLOW_PRIVATE opens every private address to whoever can add media.")
		}
	}
	return append(w, c.Livestream.warnings()...)
}

// ServerAddr is where the public port listens, as host:port.
func (c *Config) ServerAddr() string { return joinPort(c.Server.Host, c.Server.Port) }

// MetricsAddr is where the metrics are served, "" when they are off.
func (c *Config) MetricsAddr() string {
	if c.Metrics.Port == 0 {
		return ""
	}
	return joinPort(c.Metrics.Host, c.Metrics.Port)
}

// SQLitePath is the file of the embedded database, "" when PostgreSQL is used.
func (c *Config) SQLitePath() string {
	if c.Database.URL != "" {
		return ""
	}
	return filepath.Join(c.DataDir, "synctv.db")
}

// DrainTimeout is how long a shutdown may take.
func (c *Config) DrainTimeout() time.Duration {
	return time.Duration(c.Server.DrainSeconds) * time.Second
}

// PrintConfig writes the effective configuration, with secrets hidden.
func PrintConfig(w io.Writer, c Config) error {
	fields, err := env.Fields(c, envPrefix)
	if err != nil {
		return err
	}
	return env.Table(w, fields)
}

// configIntro begins docs/configuration.md.
const configIntro = `# Configuration

SyncTV is configured by environment variables and by nothing else. None is needed for a first run.

All mistakes are reported at once when the server starts, an unknown ` + "`SYNCTV_`" + ` name is a mistake, and an empty value counts as
not set. ` + "`synctv config`" + ` prints what is in effect, without secrets. Durations are written like ` + "`90s`, `15m` or `720h`" + `; lists
have commas between their items. Every secret can come from a file instead, named by the same variable with ` + "`_FILE`" + ` at its end.

This page is written by ` + "`synctv config --markdown`" + `.
`

// WriteConfigMarkdown writes docs/configuration.md.
func WriteConfigMarkdown(w io.Writer) error {
	fields, err := env.Fields(Config{}, envPrefix)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, configIntro); err != nil {
		return err
	}
	return env.Markdown(w, fields, map[string]string{
		"": "General", "SERVER": "Server", "DATABASE": "Database", "REDIS": "Redis", "CLUSTER": "Cluster", "AUTH": "Accounts",
		"ROOM": "Rooms", "MEDIA": "Media", "LIVESTREAM": "Live streams", "WEBRTC": "WebRTC", "REALTIME": "Realtime", "METRICS": "Metrics", "LOG": "Log",
	})
}

func joinPort(host string, port uint16) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func urlOf(s string, schemes ...string) bool {
	u, err := url.Parse(s)
	return err == nil && slices.Contains(schemes, u.Scheme) && (u.Host != "" || u.Scheme == "unix" && u.Path != "")
}

package coord

import (
	"crypto/tls"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// ParseURL checks a Redis URL and returns what it addresses, without secrets, for logs:
//
//	redis://[user:password@]host[:port][/database]
//	rediss://...                                    the same over TLS, the certificate is verified
//	unix://[user:password@]/path/to/socket[?db=n]
//
// The port defaults to 6379, the database to 0. No error shows the URL: it may hold a password.
func ParseURL(raw string) (address string, err error) {
	opt, err := parseURL(raw)
	if err != nil {
		return "", err
	}
	return opt.Network + " " + opt.Addr + " database " + strconv.Itoa(opt.DB), nil
}

func parseURL(raw string) (*redis.Options, error) {
	const op = "redis URL"
	u, err := url.Parse(raw)
	if err != nil {
		return nil, invalid(op, "not a URL (is a special character in the password not percent-encoded?)")
	}
	opt := &redis.Options{}
	opt.Username = u.User.Username()
	opt.Password, _ = u.User.Password()
	db := ""
	switch u.Scheme {
	case "redis", "rediss":
		host, port := u.Hostname(), u.Port()
		if host == "" {
			return nil, invalid(op, "no host: want %s://host:6379/0", u.Scheme)
		}
		if port == "" {
			port = "6379"
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, invalid(op, "port %q is not 1 to 65535", port)
		}
		opt.Network, opt.Addr = "tcp", net.JoinHostPort(host, port)
		if u.Scheme == "rediss" {
			opt.TLSConfig = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
		}
		db = strings.TrimPrefix(u.Path, "/")
	case "unix":
		if u.Path == "" || u.Host != "" {
			return nil, invalid(op, "a socket needs an absolute path: unix:///run/redis.sock")
		}
		opt.Network, opt.Addr = "unix", u.Path
	case "":
		return nil, invalid(op, "no scheme: want redis://, rediss:// or unix://")
	default:
		return nil, invalid(op, "unknown scheme %q: want redis://, rediss:// or unix://", u.Scheme)
	}
	for name, values := range u.Query() {
		if name != "db" || db != "" || len(values) != 1 {
			return nil, invalid(op, "parameter %q is not understood; only one db=n is, once", name)
		}
		db = values[0]
	}
	if u.Fragment != "" {
		return nil, invalid(op, "has a # part (is a # in the password not percent-encoded?)")
	}
	if db != "" {
		if opt.DB, err = strconv.Atoi(db); err != nil || opt.DB < 0 || opt.DB > 1<<16 {
			return nil, invalid(op, "database %q is not a small number", db)
		}
	}
	return opt, nil
}

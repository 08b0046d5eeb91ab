package main

import (
	"fmt"
	"net"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"synctv/internal/env"
	"synctv/mediad/segments"
)

// LiveStore is where HLS segments are kept.
type LiveStore struct {
	Backend     string     `env:"STORE" envDefault:"memory" doc:"Where HLS segments are kept while they are listed: memory, file, s3, or oss (another name for s3)."`
	MemoryMiB   uint32     `env:"STORE_MEMORY_MIB" envDefault:"512" doc:"Size of the memory store for all streams together, in MiB, 16 to 1048576. When it is nearly full, playlists get shorter than SYNCTV_LIVESTREAM_HLS_DVR_WINDOW."`
	Dir         string     `env:"STORE_DIR" doc:"Folder of the file store, which belongs to one node alone; live in the data folder when not set." example:"/var/lib/synctv/live"`
	S3Endpoint  env.WebURL `env:"S3_ENDPOINT" doc:"Address of the object store, without the bucket. It may be in your own network." example:"https://s3.eu-central-1.amazonaws.com"`
	S3Bucket    string     `env:"S3_BUCKET" doc:"Bucket for segments. It has to exist." example:"live"`
	S3Region    string     `env:"S3_REGION" envDefault:"us-east-1" doc:"Region of the bucket."`
	S3AccessKey string     `env:"S3_ACCESS_KEY" doc:"Name of the access key. It has to be allowed to list the bucket, and to put, get and delete objects below the prefix."`
	S3SecretKey string     `env:"S3_SECRET_KEY" secret:"true" doc:"Secret of the access key."`
	S3Prefix    string     `env:"S3_PREFIX" envDefault:"synctv/live" doc:"Begin of the names of all objects. What lies below it belongs to this server or its cluster, and is deleted when it is old."`
	S3PathStyle string     `env:"S3_PATH_STYLE" doc:"true puts the bucket into the path of addresses, false into the host name. When not set it is true for s3, and false for oss." example:"false"`
}

func (c *LiveStore) warnings() []string {
	if c.Backend != "s3" && c.Backend != "oss" && (c.S3Endpoint != "" || c.S3Bucket != "") {
		return []string{"SYNCTV_LIVESTREAM_S3_ENDPOINT or _BUCKET is set without SYNCTV_LIVESTREAM_STORE=s3: segments are not kept there."}
	}
	return nil
}

// bucketName is what all object stores take for one.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// problems checks what the store that was chosen needs.
func (c *LiveStore) problems() (ps env.Problems) {
	bad := func(name, wrong, do string) {
		ps = append(ps, env.Problem{Name: envPrefix + "LIVESTREAM_" + name, Wrong: wrong, Do: do})
	}
	if !slices.Contains([]string{"memory", "file", "s3", "oss"}, c.Backend) {
		bad("STORE", strconv.Quote(c.Backend)+" is not a choice.", "Choose one of: memory, file, s3, oss.")
	}
	if c.MemoryMiB < 16 || c.MemoryMiB > 1<<20 {
		bad("STORE_MEMORY_MIB", fmt.Sprintf("%d is out of range.", c.MemoryMiB), "Choose a number from 16 to 1048576.")
	}
	if !slices.Contains([]string{"", "true", "false"}, c.S3PathStyle) {
		bad("S3_PATH_STYLE", strconv.Quote(c.S3PathStyle)+" is not a choice.", "Choose true or false, or leave it out.")
	}
	if c.S3Bucket != "" && !bucketName.MatchString(c.S3Bucket) {
		bad("S3_BUCKET", "it is not the name of a bucket.", "A bucket has 3 to 63 lower-case letters, digits, dots and minus signs.")
	}
	if p := strings.Trim(c.S3Prefix, "/"); len(p) > 200 || strings.ContainsFunc(p, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) || strings.Contains("/"+p+"/", "/../") {
		bad("S3_PREFIX", "it is longer than 200 characters, or has other characters than letters, digits, slashes and plain marks.", "Write it like synctv/live.")
	}
	if c.Backend != "s3" && c.Backend != "oss" {
		return ps
	}
	if rest := strings.SplitN(string(c.S3Endpoint), "/", 4); len(rest) > 3 && rest[3] != "" {
		bad("S3_ENDPOINT", "it has a path.", "Name the server alone, like https://s3.example.com; the bucket is SYNCTV_LIVESTREAM_S3_BUCKET.")
	}
	for _, need := range []struct{ name, value, do string }{
		{"S3_ENDPOINT", string(c.S3Endpoint), "Name the object store, like https://s3.eu-central-1.amazonaws.com."},
		{"S3_BUCKET", c.S3Bucket, "Name a bucket that exists."},
		{"S3_ACCESS_KEY", c.S3AccessKey, "Name an access key."},
		{"S3_SECRET_KEY", c.S3SecretKey, "Give its secret, or name a file with it in SYNCTV_LIVESTREAM_S3_SECRET_KEY_FILE."},
	} {
		if need.value == "" {
			bad(need.name, "SYNCTV_LIVESTREAM_STORE="+c.Backend+" needs it.", need.do+" Or set SYNCTV_LIVESTREAM_STORE to memory or file.")
		}
	}
	return ps
}

// apart refuses places of segments in which recordings lie, too: what is old there is deleted.
func (c *LiveStore) apart(r *LiveRecord) (ps env.Problems) {
	inside := func(a, b string) bool {
		a, b = path.Clean("/"+a)+"/", path.Clean("/"+b)+"/"
		return a == "//" || b == "//" || strings.HasPrefix(a, b) || strings.HasPrefix(b, a)
	}
	const do = "Choose another place for one of them: old segments are deleted where segments are."
	if (c.Backend == "s3" || c.Backend == "oss") && r.remote() && inside(c.S3Prefix, r.S3Prefix) {
		ps = append(ps, env.Problem{Name: envPrefix + "LIVESTREAM_S3_PREFIX", Wrong: "it lies in SYNCTV_LIVESTREAM_RECORD_S3_PREFIX, or that in it.", Do: do})
	}
	if c.Dir != "" && r.Dir != "" && inside(c.Dir, r.Dir) {
		ps = append(ps, env.Problem{Name: envPrefix + "LIVESTREAM_STORE_DIR", Wrong: "it lies in SYNCTV_LIVESTREAM_RECORD_DIR, or that in it.", Do: do})
	}
	return ps
}

// hostPort is where a web address leads to.
func hostPort(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// s3 is the object store as segments wants it, but for what carries requests.
func (c *LiveStore) s3() segments.S3Config {
	byHost := c.S3PathStyle == "false" || c.S3PathStyle == "" && c.Backend == "oss"
	return segments.S3Config{Endpoint: string(c.S3Endpoint), Bucket: c.S3Bucket, Region: c.S3Region, Access: c.S3AccessKey, Secret: c.S3SecretKey,
		Prefix: c.S3Prefix, VirtualHost: byHost}
}

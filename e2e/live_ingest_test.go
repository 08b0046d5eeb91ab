package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"synctv/mediad/rtmp"
)

// certFiles puts a certificate and its key where the server reads them, each by moving a new file to its place.
func certFiles(t *testing.T, dir string) (cert, key string, trust *x509.CertPool) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), IPAddresses: []net.IP{{127, 0, 0, 1}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	put := func(name, kind string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path+".new", pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600), os.Rename(path+".new", path)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert, key, trust = put("cert.pem", "CERTIFICATE", der), put("key.pem", "PRIVATE KEY", raw), x509.NewCertPool()
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	trust.AddCert(leaf)
	return cert, key, trust
}

// TestLiveByTLS publishes and plays with ffmpeg over rtmps:// and rtmp:// on one port, refuses a wrong key by TLS, and
// follows a certificate that is renewed while somebody publishes.
func TestLiveByTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key, trust := certFiles(t, dir)
	s := startLive(t, "SYNCTV_LIVESTREAM_TLS_CERT="+cert, "SYNCTV_LIVESTREAM_TLS_KEY="+key)
	made := s.stream("VISIBILITY_UNLISTED")
	secure := strings.Replace(s.rtmp, "rtmp://", "rtmps://", 1)
	if in := made.Stream.Ingest; in == nil || in.RTMP != s.rtmp || in.RTMPS != secure {
		t.Errorf("%+v, want %s and %s", in, s.rtmp, secure)
	}
	address := strings.TrimSuffix(strings.TrimPrefix(s.rtmp, "rtmp://"), "/live")
	shake := func(trust *x509.CertPool) (*tls.Conn, error) {
		return tls.Dial("tcp", address, &tls.Config{RootCAs: trust})
	}
	e := s.encode(secure + "/" + made.Key.Secret)
	s.waitLive(made)
	for _, ingest := range []string{secure, s.rtmp} {
		decode(t, ingest+"/"+made.Stream.ID, 25)
	}
	wrong := s.encode(secure+"/key_x.y", "-f", "lavfi", "-i", "sine", "-c:a", "aac")
	select {
	case <-wrong.done:
	case <-time.After(15 * time.Second):
		t.Error("a wrong key by TLS: ffmpeg goes on")
	}
	if !strings.Contains(wrong.stderr.String(), keyRefused) {
		t.Errorf("a wrong key by TLS: ffmpeg says\n%s", wrong.stderr)
	}

	_, _, renewed := certFiles(t, dir)
	eventually(t, 10*time.Second, func() error {
		nc, err := shake(renewed)
		if err == nil {
			nc.Close()
		}
		return err
	})
	if nc, err := shake(trust); err == nil {
		nc.Close()
		t.Error("the old certificate is served on")
	}
	nc, err := shake(renewed)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	a, err := rtmp.ParseAddress(secure + "/" + made.Stream.ID)
	if err != nil {
		t.Fatal(err)
	}
	client, err := rtmp.NewClient(rtmp.ClientConfig{Address: a})
	if err != nil {
		t.Fatal(err)
	}
	player := &caller{Client: client, nc: nc}
	for _, want := range []rtmp.EventKind{rtmp.EventPlay, rtmp.EventMedia} {
		if err := player.soon(want); err != nil {
			t.Error(err)
		}
	}
	if e.ended.Load() {
		t.Error("the encoder has gone with the certificate that it had come by")
	}
	s.waitLive(made)
}

// TestTheDefaultPortIsTaken by somebody else: that is no reason not to start, and nobody is sent there.
func TestTheDefaultPortIsTaken(t *testing.T) {
	t.Parallel()
	const host = "127.0.0.35" // so that it is nobody's but ours
	busy, err := net.Listen("tcp", host+":1935")
	if err != nil {
		t.Logf("taken already: %v", err)
	} else {
		defer busy.Close()
	}
	s := startServer(t, "SYNCTV_LIVESTREAM_RTMP_HOST="+host, "SYNCTV_LIVESTREAM_RTMP_PORT=")
	if log := s.logs.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "SYNCTV_LIVESTREAM_RTMP_PORT") || !strings.Contains(log, host+":1935") {
		t.Errorf("the log does not say what to do:\n%s", log)
	}
	var made madeStream
	s.owner().must("POST", "/api/v1/streams", map[string]any{}, &made)
	if *made.Stream.Ingest != (ingestJSON{}) || made.Stream.Playback.RTMPURL != "" {
		t.Errorf("%+v %+v", made.Stream.Ingest, made.Stream.Playback)
	}
	got := runCommand(t, []string{"SYNCTV_SERVER_PORT=0", "SYNCTV_DATA_DIR=" + t.TempDir(), "SYNCTV_LIVESTREAM_RTMP_HOST=" + host, "SYNCTV_LIVESTREAM_RTMP_PORT=1935"})
	if got.code != 1 || !strings.Contains(got.stderr, "in use") || !strings.Contains(got.stderr, "SYNCTV_LIVESTREAM_RTMP_PORT") {
		t.Errorf("a port that was asked for: exit code %d\n%s", got.code, got.stderr)
	}
}

// TestCertificateMistakes are told at the start, with the file and what to do.
func TestCertificateMistakes(t *testing.T) {
	t.Parallel()
	cert, _, _ := certFiles(t, t.TempDir())
	_, key, _ := certFiles(t, t.TempDir())
	for _, c := range []struct {
		name string
		env  []string
		code int
		want string
	}{
		{"no such file", []string{"SYNCTV_LIVESTREAM_TLS_CERT=/none/cert.pem", "SYNCTV_LIVESTREAM_TLS_KEY=" + key}, 1, "/none/cert.pem"},
		{"another's key", []string{"SYNCTV_LIVESTREAM_TLS_CERT=" + cert, "SYNCTV_LIVESTREAM_TLS_KEY=" + key}, 1, "does not match"},
		{"no key", []string{"SYNCTV_LIVESTREAM_TLS_CERT=" + cert}, 2, "SYNCTV_LIVESTREAM_TLS_KEY"},
	} {
		got := runCommand(t, append([]string{"SYNCTV_SERVER_HOST=127.0.0.1", "SYNCTV_SERVER_PORT=0", "SYNCTV_DATA_DIR=" + t.TempDir()}, c.env...))
		if got.code != c.code || !strings.Contains(got.stderr, c.want) || !strings.Contains(got.stderr, "SYNCTV_LIVESTREAM_TLS_CERT") {
			t.Errorf("%s: exit code %d\n%s", c.name, got.code, got.stderr)
		}
	}
}

// TestSTUN asks the built server with pion's client, which finds it where clients are told.
func TestSTUN(t *testing.T) {
	t.Parallel()
	port, metricsPort := freePort(t), freePort(t)
	s := startServer(t, "SYNCTV_WEBRTC_STUN_HOST=127.0.0.1", "SYNCTV_WEBRTC_STUN_PORT="+port, "SYNCTV_METRICS_PORT="+metricsPort)
	var info struct{ IceServers []string }
	s.stranger().must("GET", "/api/v1/server", nil, &info)
	if !slices.Equal(info.IceServers, []string{"stun:127.0.0.1:" + port}) {
		t.Fatalf("%+v", info)
	}
	uri, err := stun.ParseURI(info.IceServers[0])
	if err != nil {
		t.Fatal(err)
	}
	c, err := stun.DialURI(uri, &stun.DialConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var seen stun.XORMappedAddress
	err = c.Do(stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.Fingerprint), func(e stun.Event) {
		if err := errors.Join(e.Error, seen.GetFrom(e.Message), stun.Fingerprint.Check(e.Message)); err != nil {
			t.Error(err)
		}
	})
	if addr, ok := netip.AddrFromSlice(seen.IP); err != nil || !ok || !addr.IsLoopback() || seen.Port == 0 {
		t.Errorf("%v, %v", seen, err)
	}
	eventually(t, 5*time.Second, func() error { // it is counted a moment after it was sent
		status, body := get(t, "http://127.0.0.1:"+metricsPort+"/metrics")
		if status != http.StatusOK || !strings.Contains(body, `synctv_stun_datagrams_total{outcome="answered"} 1`) {
			return fmt.Errorf("%d, no metric of it", status)
		}
		return nil
	})
	got := runCommand(t, []string{"SYNCTV_SERVER_HOST=127.0.0.1", "SYNCTV_SERVER_PORT=0", "SYNCTV_DATA_DIR=" + t.TempDir(),
		"SYNCTV_WEBRTC_STUN_HOST=127.0.0.1", "SYNCTV_WEBRTC_STUN_PORT=" + port})
	if got.code != 1 || !strings.Contains(got.stderr, "in use") || !strings.Contains(got.stderr, "SYNCTV_WEBRTC_STUN_PORT") {
		t.Errorf("a taken port: exit code %d\n%s", got.code, got.stderr)
	}
	took := s.term()
	if s.exitCode() != 0 || took > 15*time.Second {
		t.Errorf("stopped after %v with %d", took, s.exitCode())
	}
	t.Logf("stopped after %v", took)
	off := startServer(t)
	info.IceServers = nil
	off.stranger().must("GET", "/api/v1/server", nil, &info)
	if len(info.IceServers) != 0 {
		t.Errorf("off: %v", info)
	}
}

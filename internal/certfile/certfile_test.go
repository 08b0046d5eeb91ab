package certfile

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pair is a certificate for a name, and its key.
func pair(t *testing.T, name string, until time.Time) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: until.Add(-24 * time.Hour), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

// put replaces a file as tools do: another one is moved to its place.
func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestFollowsTheFiles(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	var logs bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		tomorrow := time.Now().Add(time.Hour)
		c1, k1 := pair(t, "one.example", tomorrow)
		c2, k2 := pair(t, "two.example", tomorrow)
		put(t, cert, c1)
		put(t, key, k1)
		f, err := Open(cert, key, slog.New(slog.NewTextHandler(&logs, nil)))
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			name string
			do   func()
			wait time.Duration
			want string
			said string // in the log
		}{
			{"as it was", func() {}, 2 * time.Second, "one.example", ""},
			{"one file of two is new", func() { put(t, cert, c2) }, 2 * time.Second, "one.example", "cannot be used"},
			{"still", func() {}, 2 * time.Second, "one.example", ""},
			{"both are new, a moment ago", func() { put(t, key, k2) }, 0, "one.example", ""},
			{"both are new", func() {}, lookEvery, "two.example", "was read again"},
			{"gone", func() { os.Remove(cert) }, 2 * time.Second, "two.example", ""},
			{"garbage", func() { put(t, cert, []byte("garbage")) }, 2 * time.Second, "two.example", "cannot be used"},
			{"the first pair again", func() { put(t, cert, c1); put(t, key, k1) }, 2 * time.Second, "one.example", "was read again"},
		} {
			step.do()
			time.Sleep(step.wait)
			logs.Reset()
			got, err := f.Certificate(nil)
			if err != nil || got.Leaf.Subject.CommonName != step.want {
				t.Errorf("%s: %v, %v", step.name, got.Leaf.Subject, err)
			}
			if step.said == "" != (logs.Len() == 0) || !strings.Contains(logs.String(), step.said) {
				t.Errorf("%s: the log says %q", step.name, logs.String())
			}
		}
	})
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		put(t, filepath.Join(dir, name), data)
		return filepath.Join(dir, name)
	}
	c1, k1 := pair(t, "a", time.Now().Add(time.Hour))
	_, k2 := pair(t, "b", time.Now().Add(time.Hour))
	old, oldKey := pair(t, "c", time.Now().Add(-time.Hour))
	cert, key := write("cert", c1), write("key", k1)
	for _, c := range []struct{ name, cert, key, wrong, said string }{
		{"sound", cert, key, "", ""},
		{"no certificate", filepath.Join(dir, "none"), key, "none", ""},
		{"no key", cert, filepath.Join(dir, "none"), "none", ""},
		{"another's key", cert, write("other", k2), "private key does not match", ""},
		{"not PEM", write("text", []byte("hello")), key, "failed to find", ""},
		{"a folder", dir, key, "is a directory", ""},
		{"expired", write("old", old), write("oldkey", oldKey), "", "has expired"},
	} {
		var logs bytes.Buffer
		_, err := Open(c.cert, c.key, slog.New(slog.NewTextHandler(&logs, nil)))
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.said == "" != (logs.Len() == 0) || !strings.Contains(logs.String(), c.said) {
			t.Errorf("%s: the log says %q", c.name, logs.String())
		}
	}
}

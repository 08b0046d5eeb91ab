package main

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const secretFile = "secret"

// masterSecret returns the configured secret, or the one kept in the data folder, made on the
// first start. Processes that start at once agree on one: the file is only ever created whole.
func masterSecret(cfg Config) ([]byte, error) {
	if cfg.MasterSecret != "" {
		return []byte(cfg.MasterSecret), nil
	}
	path := filepath.Join(cfg.DataDir, secretFile)
	for range 2 {
		data, err := os.ReadFile(path)
		if err == nil {
			secret := strings.TrimSpace(string(data))
			if len(secret) < 32 {
				return nil, fmt.Errorf("%s is damaged: it holds fewer than 32 characters; restore it from a backup, or delete it, which signs everybody out", path)
			}
			return []byte(secret), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := createSecret(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("cannot keep the server's secret in the data folder: %w", err)
		}
	}
	return nil, fmt.Errorf("cannot read back %s", path)
}

// createSecret writes a new secret to a file of its own and links it into place, so that nobody
// ever reads half of it.
func createSecret(path string) error {
	var b [32]byte
	rand.Read(b[:])
	tmp, err := os.CreateTemp(filepath.Dir(path), secretFile+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(hex.EncodeToString(b[:]) + "\n")
	if serr := tmp.Sync(); err == nil {
		err = serr
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Link(tmp.Name(), path)
}

// derive makes the key for one use from the master secret (HKDF, RFC 5869), one label per use.
func derive(master []byte, use string) ([]byte, error) {
	return hkdf.Key(sha256.New, master, nil, "synctv/v1/"+use, 32)
}

// Package webhook posts JSON to the one address an operator has chosen, signed so that the receiver can
// tell who sent it. What is in the JSON, and what an answer means, is not its business.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// SignatureHeader carries "sha256=" and the HMAC-SHA256 of the body in hexadecimal, when there is a secret.
const SignatureHeader = "X-SyncTV-Signature"

// maxAnswer is how much of an answer is read.
const maxAnswer = 64<<10 + 1

// Config says where to and as whom.
type Config struct {
	URL       string
	Secret    string // "" sends without a signature
	UserAgent string
}

// Sender posts. Safe for concurrent use.
type Sender struct {
	cfg    Config
	client *http.Client
}

// New makes a sender over a client that decides what may be reached.
func New(cfg Config, client *http.Client) (*Sender, error) {
	if cfg.URL == "" || client == nil {
		return nil, errors.New("webhook: an address and a client are needed")
	}
	return &Sender{cfg, client}, nil
}

// Send posts a body and returns status and body of the answer, cut at 64 KiB and a byte. Only what brings no answer is an error.
func (s *Sender) Send(ctx context.Context, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("webhook: %w", plain(err))
	}
	req.Header.Set("Content-Type", "application/json")
	if s.cfg.UserAgent != "" {
		req.Header.Set("User-Agent", s.cfg.UserAgent)
	}
	if s.cfg.Secret != "" {
		req.Header.Set(SignatureHeader, Sign(s.cfg.Secret, body))
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("webhook: %w", plain(err))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return 0, nil, fmt.Errorf("webhook: read the answer: %w", err)
	}
	return resp.StatusCode, answer, nil
}

// plain is an error without the address in it, which may hold a secret: errors end up in logs.
func plain(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// Sign makes the value of the signature's header.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

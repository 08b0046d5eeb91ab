// Package token makes and reads the access tokens of this server: JWTs (RFC 7519) signed with
// HMAC-SHA256 and with nothing else, under one key whose id is derived from it.
//
// What a token says about how it should be checked is not believed: algorithm, type and key id
// must be exactly ours, and a header with anything more in it is refused.
package token

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// MaxBytes is the longest token that is looked at.
	MaxBytes = 4096
	// MaxLifetime is the longest time between issue and expiry that is signed or accepted.
	MaxLifetime = 366 * 24 * time.Hour
	// MinKeyBytes is the shortest key (RFC 7518 section 3.2: at least as long as the hash).
	MinKeyBytes = 32

	// leeway is how far ahead of our clock another node's clock may have signed.
	leeway = 30 * time.Second
)

// ErrInvalid is the failure of Verify. It does not say why on purpose; the wrapped cause does, for a log.
var ErrInvalid = errors.New("token: not a living token of ours")

// Claims are what a token says of its bearer. Times are microseconds since the Unix epoch.
type Claims struct {
	Subject string // required
	Session string
	Room    string
	Name    string
	Issued  int64 // required
	Expires int64 // required
}

// Signer signs and verifies. It is immutable and safe for concurrent use.
type Signer struct {
	key    []byte
	keyID  string
	issuer string
}

// New makes a signer of a key of at least MinKeyBytes bytes. Tokens of another issuer do not pass.
func New(key []byte, issuer string) (*Signer, error) {
	if len(key) < MinKeyBytes {
		return nil, fmt.Errorf("token: the key has %d bytes, not at least %d", len(key), MinKeyBytes)
	}
	if issuer == "" {
		return nil, errors.New("token: an issuer is needed")
	}
	sum := sha256.Sum256(append([]byte("synctv token key id\x00"), key...))
	return &Signer{key: append([]byte(nil), key...), keyID: hex.EncodeToString(sum[:8]), issuer: issuer}, nil
}

// wireClaims are the claims as they stand in the token.
type wireClaims struct {
	Issuer  string `json:"iss"`
	Subject string `json:"sub"`
	Session string `json:"sid,omitempty"`
	Room    string `json:"room,omitempty"`
	Name    string `json:"name,omitempty"`
	Issued  micros `json:"iat"`
	Expires micros `json:"exp"`
	// NotBefore is never written; one that lies ahead is honoured.
	NotBefore micros `json:"nbf,omitempty"`
}

// Sign makes a token. It fails for claims that Verify would not accept.
func (s *Signer) Sign(c Claims) (string, error) {
	w := wireClaims{Issuer: s.issuer, Subject: c.Subject, Session: c.Session, Room: c.Room, Name: c.Name,
		Issued: micros(c.Issued), Expires: micros(c.Expires)}
	if err := w.check(); err != nil {
		return "", err
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, w)
	t.Header["kid"] = s.keyID
	signed, err := t.SignedString(s.key)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	if len(signed) > MaxBytes {
		return "", fmt.Errorf("token: %d bytes are too many", len(signed))
	}
	return signed, nil
}

// Verify reads a token. now is microseconds since the Unix epoch. Every failure wraps ErrInvalid.
func (s *Signer) Verify(signed string, now int64) (Claims, error) {
	if len(signed) > MaxBytes || strings.Count(signed, ".") != 2 {
		return Claims{}, invalid(errors.New("not the shape of a token"))
	}
	var w wireClaims
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(s.issuer),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(0),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(func() time.Time { return time.UnixMicro(now) }),
	)
	if _, err := parser.ParseWithClaims(signed, &clockSkew{&w}, s.keyFor); err != nil {
		return Claims{}, invalid(err)
	}
	if err := w.check(); err != nil {
		return Claims{}, invalid(err)
	}
	return Claims{Subject: w.Subject, Session: w.Session, Room: w.Room, Name: w.Name,
		Issued: int64(w.Issued), Expires: int64(w.Expires)}, nil
}

// keyFor accepts exactly the header that Sign writes.
func (s *Signer) keyFor(t *jwt.Token) (any, error) {
	if len(t.Header) != 3 || t.Header["alg"] != "HS256" || t.Header["typ"] != "JWT" || t.Header["kid"] != s.keyID {
		return nil, errors.New("not a header of ours")
	}
	return s.key, nil
}

func invalid(cause error) error { return fmt.Errorf("%w: %w", ErrInvalid, cause) }

func (w wireClaims) check() error {
	switch {
	case w.Subject == "":
		return errors.New("token: no subject")
	case w.Issued <= 0 || w.Expires <= w.Issued:
		return errors.New("token: issued and expires are not a span of time")
	case w.Expires-w.Issued > micros(MaxLifetime/time.Microsecond):
		return errors.New("token: lives too long")
	}
	return nil
}

// The getters make wireClaims a jwt.Claims.

// GetExpirationTime implements jwt.Claims.
func (w wireClaims) GetExpirationTime() (*jwt.NumericDate, error) { return w.Expires.date(), nil }

// GetIssuedAt implements jwt.Claims.
func (w wireClaims) GetIssuedAt() (*jwt.NumericDate, error) { return w.Issued.date(), nil }

// GetNotBefore implements jwt.Claims.
func (w wireClaims) GetNotBefore() (*jwt.NumericDate, error) { return w.NotBefore.date(), nil }

// GetIssuer implements jwt.Claims.
func (w wireClaims) GetIssuer() (string, error) { return w.Issuer, nil }

// GetSubject implements jwt.Claims.
func (w wireClaims) GetSubject() (string, error) { return w.Subject, nil }

// GetAudience implements jwt.Claims: our tokens have none.
func (w wireClaims) GetAudience() (jwt.ClaimStrings, error) { return nil, nil }

// clockSkew lets a token be a little younger than our clock, and not a moment older than it says.
type clockSkew struct{ *wireClaims }

// GetIssuedAt implements jwt.Claims.
func (c *clockSkew) GetIssuedAt() (*jwt.NumericDate, error) {
	if c.Issued == 0 {
		return nil, nil
	}
	return (c.Issued - micros(leeway/time.Microsecond)).date(), nil
}

// UnmarshalJSON refuses an audience, which our tokens do not have, and reads the rest.
func (c *clockSkew) UnmarshalJSON(data []byte) error {
	var foreign struct {
		Audience json.RawMessage `json:"aud"`
	}
	if err := json.Unmarshal(data, &foreign); err != nil {
		return err
	}
	if foreign.Audience != nil {
		return errors.New("token: meant for another audience")
	}
	return json.Unmarshal(data, c.wireClaims)
}

// micros is a NumericDate (RFC 7519 section 2) to the microsecond.
type micros int64

func (m micros) date() *jwt.NumericDate {
	if m == 0 {
		return nil
	}
	// jwt.NewNumericDate would cut the time to whole seconds.
	return &jwt.NumericDate{Time: time.UnixMicro(int64(m))}
}

// MarshalJSON writes seconds with six decimals.
func (m micros) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%06d", int64(m)/1e6, int64(m)%1e6), nil
}

// UnmarshalJSON reads seconds with or without decimals.
func (m *micros) UnmarshalJSON(data []byte) error {
	f, err := strconv.ParseFloat(string(data), 64)
	if err != nil || !(f >= 0 && f < 1<<33) {
		return errors.New("token: not a time")
	}
	*m = micros(math.Round(f * 1e6))
	return nil
}

package proxy

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// claims is what a token says.
type claims struct {
	kind    Kind
	depth   uint8 // how many playlists led here
	expires int64 // Unix seconds
	room    string
	user    string
	item    string
	url     string
	headers []headerField // canonical names, sorted
}

type headerField struct{ name, value string }

func sortHeaders(h []headerField) ([]headerField, error) {
	slices.SortFunc(h, func(a, b headerField) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(h); i++ {
		if h[i].name == h[i-1].name {
			return nil, fmt.Errorf("proxy: header %s is given twice", h[i].name)
		}
	}
	return h, nil
}

// sealer turns claims into text and back. The text is XChaCha20-Poly1305 with a nonce that is a keyed hash of the plaintext
// (the construction of SIV modes): equal claims give equal text, which lets caches work, and reveals only that they are equal.
type sealer struct {
	aead      cipher.AEAD
	nonceKey  []byte
	pseudonym string
}

const (
	tokenVersion = 2
	maxToken     = 20 << 10 // characters; a URL of 8 KiB and 4 KiB of headers fit
	sealLabel    = "synctv media proxy link v1"
)

var (
	errToken   = errors.New("the link is not valid")
	errExpired = errors.New("the link has expired")
)

func newSealer(key []byte) (*sealer, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("proxy: the key has %d bytes, want 32", len(key))
	}
	var parts [3][]byte
	for i, label := range [...]string{"seal", "nonce", "name"} {
		k, err := hkdf.Key(sha256.New, key, nil, sealLabel+" "+label, 32)
		if err != nil {
			return nil, fmt.Errorf("proxy: derive keys: %w", err)
		}
		parts[i] = k
	}
	aead, err := chacha20poly1305.NewX(parts[0])
	if err != nil {
		return nil, fmt.Errorf("proxy: cipher: %w", err)
	}
	return &sealer{aead: aead, nonceKey: parts[1], pseudonym: hex.EncodeToString(parts[2][:6])}, nil
}

func (s *sealer) seal(c claims) string {
	plain := encodeClaims(c)
	mac := hmac.New(sha256.New, s.nonceKey)
	mac.Write(plain)
	nonce := mac.Sum(nil)[:chacha20poly1305.NonceSizeX]
	out := make([]byte, len(nonce), len(nonce)+len(plain)+chacha20poly1305.Overhead)
	copy(out, nonce)
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(out, nonce, plain, []byte(sealLabel)))
}

// open returns errToken for anything we did not make, errExpired (with the claims) for what is too old at now (Unix seconds).
func (s *sealer) open(token string, now int64) (claims, error) {
	if len(token) > maxToken {
		return claims{}, errToken
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < chacha20poly1305.NonceSizeX+chacha20poly1305.Overhead {
		return claims{}, errToken
	}
	nonce, box := raw[:chacha20poly1305.NonceSizeX], raw[chacha20poly1305.NonceSizeX:]
	plain, err := s.aead.Open(box[:0], nonce, box, []byte(sealLabel))
	if err != nil {
		return claims{}, errToken
	}
	c, err := decodeClaims(plain)
	if err != nil {
		return claims{}, err
	}
	if now >= c.expires {
		return c, errExpired
	}
	return c, nil
}

func encodeClaims(c claims) []byte {
	b := make([]byte, 0, 96+len(c.url)+len(c.room)+len(c.user))
	b = append(b, tokenVersion, byte(c.kind), c.depth)
	b = binary.AppendUvarint(b, uint64(c.expires))
	for _, s := range [...]string{c.room, c.user, c.item, c.url} {
		b = appendText(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(c.headers)))
	for _, h := range c.headers {
		b = appendText(appendText(b, h.name), h.value)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decodeClaims is strict: one byte too many or too few is an error.
func decodeClaims(b []byte) (claims, error) {
	if len(b) < 3 || b[0] != tokenVersion || Kind(b[1]) >= kindEnd {
		return claims{}, errToken
	}
	c := claims{kind: Kind(b[1]), depth: b[2]}
	r := bytes.NewReader(b[3:])
	expires, err := binary.ReadUvarint(r)
	if err != nil || expires > 1<<40 {
		return claims{}, errToken
	}
	c.expires = int64(expires)
	for _, field := range [...]*string{&c.room, &c.user, &c.item, &c.url} {
		if *field, err = readText(r); err != nil {
			return claims{}, err
		}
	}
	n, err := binary.ReadUvarint(r)
	if err != nil || n > maxHeaders {
		return claims{}, errToken
	}
	for range n {
		var h headerField
		if h.name, err = readText(r); err != nil {
			return claims{}, err
		}
		if h.value, err = readText(r); err != nil {
			return claims{}, err
		}
		c.headers = append(c.headers, h)
	}
	if r.Len() != 0 {
		return claims{}, errToken
	}
	return c, nil
}

func readText(r *bytes.Reader) (string, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil || n > uint64(r.Len()) {
		return "", errToken
	}
	b := make([]byte, n)
	_, _ = r.Read(b)
	return string(b), nil
}

package app

import (
	"context"
	"crypto/subtle"
	"slices"
	"strings"
	"time"
)

// PublishKey lets an encoder publish a stream. Its secret, "key_<id>.<secret>", is told once; only a hash is kept.
type PublishKey struct {
	ID       PublishKeyID
	StreamID StreamID
	Hash     []byte // SHA-256 of the part after the dot
	Label    string
	Created  Time
	Expires  Time // 0 for never
	// Used is when somebody was let in with it last, 0 for never.
	Used      Time
	SingleUse bool
	// Revoked is when it became useless early, 0 while it lives.
	Revoked Time
}

// MadeKey is a key that was just made, with its secret.
type MadeKey struct {
	PublishKey
	Secret string
}

// NewPublishKey is what CreatePublishKey takes.
type NewPublishKey struct {
	Label     string
	TTL       time.Duration // 0 for ever
	SingleUse bool
	Rotate    bool // makes every other key useless
}

const (
	maxPublishKeys   = 20
	maxPublishKeyTTL = 365 * 24 * time.Hour
	keyEndedFor      = 24 * time.Hour // how long keys that ended are kept
)

func newPublishKey(stream StreamID, now Time) MadeKey {
	id, secret := newID("key_", now), newSecret(20)
	return MadeKey{PublishKey{ID: PublishKeyID(id), StreamID: stream, Hash: hashSecret(secret), Created: now}, id + "." + secret}
}

// holds tells whether the key opens its stream at the given time.
func (k PublishKey) holds(now Time) bool {
	return k.Revoked == 0 && (k.Expires == 0 || now < k.Expires) && !(k.SingleUse && k.Used != 0)
}

// CreatePublishKey makes one more key, or a new one in place of all others.
func (a *App) CreatePublishKey(ctx context.Context, by Actor, id StreamID, in NewPublishKey) (MadeKey, error) {
	if _, err := a.managedStream(ctx, by, id); err != nil {
		return MadeKey{}, err
	}
	label := cleanLine(in.Label)
	if len([]rune(label)) > 60 {
		return MadeKey{}, Invalid("label", "A label has at most 60 characters.")
	}
	if in.TTL < 0 || in.TTL > maxPublishKeyTTL {
		return MadeKey{}, Invalid("ttl_seconds", "A key lasts at most a year, or for ever.")
	}
	if err := a.limit(ctx, "pubkey:"+string(id), 20, 10*time.Second, "Too many new keys. Wait a little."); err != nil {
		return MadeKey{}, err
	}
	if !in.Rotate {
		keys, err := a.Store.ListPublishKeys(ctx, id, maxPublishKeys)
		if err != nil {
			return MadeKey{}, err
		}
		if len(keys) >= maxPublishKeys {
			return MadeKey{}, Errorf(CodeTooLarge, "This stream has %d keys already. Revoke one first.", len(keys))
		}
	}
	key := newPublishKey(id, a.Now())
	key.Label, key.SingleUse = label, in.SingleUse
	if in.TTL > 0 {
		key.Expires = key.Created.Add(in.TTL)
	}
	revoked, err := a.Store.AddPublishKey(ctx, key.PublishKey, in.Rotate)
	if err != nil {
		return MadeKey{}, err
	}
	if len(revoked) > 0 {
		a.streams.tell(ctx, streamNews{Stream: id, Kind: newsKeysRevoked, Keys: revoked})
	}
	return key, nil
}

// ListPublishKeys lists the keys of a stream that were not revoked, newest first.
func (a *App) ListPublishKeys(ctx context.Context, by Actor, id StreamID) ([]PublishKey, error) {
	if _, err := a.managedStream(ctx, by, id); err != nil {
		return nil, err
	}
	return a.Store.ListPublishKeys(ctx, id, maxPublishKeys)
}

// RevokePublishKey makes a key useless and ends who publishes with it, on every node. Saying it twice is no mistake.
func (a *App) RevokePublishKey(ctx context.Context, by Actor, id StreamID, key PublishKeyID) error {
	if _, err := a.managedStream(ctx, by, id); err != nil {
		return err
	}
	if err := a.limitStreamChanges(ctx, by); err != nil {
		return err
	}
	noKey := Errorf(CodeNotFound, "This stream has no such key.")
	if !validID("key_", string(key)) {
		return noKey
	}
	_, err := a.Store.UpdatePublishKey(ctx, key, func(k *PublishKey) error {
		if k.StreamID != id {
			return noKey
		}
		if k.Revoked == 0 {
			k.Revoked = a.Now()
		}
		return nil
	})
	if CodeOf(err) == CodeNotFound {
		return noKey
	}
	if err == nil {
		a.streams.tell(ctx, streamNews{Stream: id, Kind: newsKeysRevoked, Keys: []PublishKeyID{key}})
	}
	return err
}

// keyOf finds the key a secret belongs to. Whatever is wrong with it, the answer is the same.
func (a *App) keyOf(ctx context.Context, secret string) (PublishKey, error) {
	id, rest, ok := strings.Cut(secret, ".")
	if !ok || !validID("key_", id) || len(rest) > 64 {
		return PublishKey{}, errKey()
	}
	k, err := a.Store.PublishKey(ctx, PublishKeyID(id))
	if err != nil && CodeOf(err) != CodeNotFound {
		return PublishKey{}, err
	}
	fits := subtle.ConstantTimeCompare(hashSecret(rest), k.Hash) == 1
	if err != nil || !fits || !k.holds(a.Now()) {
		return PublishKey{}, errKey()
	}
	return k, nil
}

func errKey() *Error {
	return Errorf(CodeUnauthenticated, "This stream key is not valid. Copy the key again from the stream's page, or make a new one there.")
}

// useKey notes that somebody was let in. Of many who come with a single-use key at once, one is.
func (a *App) useKey(ctx context.Context, id PublishKeyID) error {
	_, err := a.Store.UpdatePublishKey(ctx, id, func(k *PublishKey) error {
		now := a.Now()
		if !k.holds(now) {
			return errKey()
		}
		k.Used = max(now, 1)
		return nil
	})
	if CodeOf(err) == CodeNotFound {
		return errKey()
	}
	return err
}

// keyGone tells whether who publishes with one of the keys has to go.
func keyGone(s StreamSession, keys []PublishKeyID) bool {
	return s.Role == SessionPublisher && slices.Contains(keys, s.Key)
}

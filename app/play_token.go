package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

const (
	playTokenTTL    = 24 * time.Hour
	minPlayTokenTTL = time.Minute
	maxPlayTokenTTL = 7 * 24 * time.Hour
	ownTokenTTL     = 6 * time.Hour // of tokens in the addresses we hand out
	maxPlayToken    = 1024
)

// PlayToken lets a player watch one stream.
type PlayToken struct {
	Token   string
	Expires Time
}

// playClaims are what a play token says. Without a person it is good for whoever has it; with one
// it stands for that person's own right, which is looked at again whenever it is used.
type playClaims struct {
	Stream  StreamID `json:"s"`
	Issued  Time     `json:"i"`
	Expires Time     `json:"e"`
	Person  PersonID `json:"p,omitempty"`
	Room    RoomID   `json:"r,omitempty"` // the guest's, or where the stream is shown
	Media   MediaID  `json:"m,omitempty"` // as which item it is shown there
}

// CreatePlayToken makes a token that lets anybody watch who has it; 0 is a day.
func (a *App) CreatePlayToken(ctx context.Context, by Actor, id StreamID, ttl time.Duration) (PlayToken, error) {
	s, err := a.managedStream(ctx, by, id)
	if err != nil {
		return PlayToken{}, err
	}
	if ttl == 0 {
		ttl = playTokenTTL
	}
	if ttl < minPlayTokenTTL || ttl > maxPlayTokenTTL {
		return PlayToken{}, Invalid("ttl_seconds", "A play token lasts a minute to a week.")
	}
	if err := a.limit(ctx, "playtoken:"+string(by.person), 60, time.Second, "Too many tokens at once. Wait a moment."); err != nil {
		return PlayToken{}, err
	}
	return a.signPlay(s, playClaims{}, ttl), nil
}

// RevokePlayTokens makes every play token of the stream useless and ends everyone who watches, on every node.
func (a *App) RevokePlayTokens(ctx context.Context, by Actor, id StreamID) error {
	if _, err := a.managedStream(ctx, by, id); err != nil {
		return err
	}
	if err := a.limitStreamChanges(ctx, by); err != nil {
		return err
	}
	s, err := a.Store.UpdateStream(ctx, id, func(s *Stream) error {
		s.endTokens(a.Now())
		s.Version++
		return nil
	})
	if err == nil {
		a.streams.tell(ctx, streamNews{Stream: id, Kind: newsViewersEnd, Before: s.TokensAfter + 1})
	}
	return err
}

// endTokens makes every token useless that was issued so far. It always moves on, so that no token
// of the same microsecond is left.
func (s *Stream) endTokens(now Time) { s.TokensAfter = max(now, s.TokensAfter+1) }

// signPlay makes a token of a stream as it was just read from the store.
func (a *App) signPlay(s Stream, c playClaims, ttl time.Duration) PlayToken {
	c.Stream, c.Issued = s.ID, max(a.Now(), s.TokensAfter+1)
	c.Expires = c.Issued.Add(ttl)
	data, _ := json.Marshal(c) // text and numbers always encode
	body := base64.RawURLEncoding.EncodeToString(data)
	return PlayToken{"pt_" + body + "." + base64.RawURLEncoding.EncodeToString(a.playSeal(body)), c.Expires}
}

func (a *App) playSeal(body string) []byte {
	mac := hmac.New(sha256.New, a.cfg.LiveKey)
	mac.Write([]byte("play\x00" + body))
	return mac.Sum(nil)
}

// openPlay reads a token: ours, of this stream, within its time and not revoked. Whether the person
// in it still may watch is another question.
func (a *App) openPlay(s Stream, token string) (c playClaims, err error) {
	rest, ok := strings.CutPrefix(token, "pt_")
	body, seal, ok2 := strings.Cut(rest, ".")
	given, err := base64.RawURLEncoding.Strict().DecodeString(seal)
	if !ok || !ok2 || len(token) > maxPlayToken || err != nil || !hmac.Equal(given, a.playSeal(body)) {
		return playClaims{}, errPlayToken()
	}
	data, err := base64.RawURLEncoding.DecodeString(body)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil || c.Stream != s.ID || a.Now() >= c.Expires || c.Issued <= s.TokensAfter {
		return playClaims{}, errPlayToken()
	}
	return c, nil
}

// checkToken tells whether a token opens the stream now, and for whom.
func (a *App) checkToken(ctx context.Context, s Stream, token string) (playClaims, error) {
	c, err := a.openPlay(s, token)
	if err != nil || c.Person == "" {
		return c, err
	}
	who, err := a.actorOf(ctx, c.Person, c.Room)
	if err == nil && c.Media == "" {
		err = a.mayWatch(ctx, who, s)
	} else if err == nil {
		if _, err = a.Authorize(ctx, who, c.Room, RoomView); err == nil {
			err = a.shownIn(ctx, s, c.Room, c.Media)
		}
	}
	if refusal(err) {
		err = errPlayToken()
	}
	return c, err
}

func errPlayToken() *Error {
	return Errorf(CodeUnauthenticated, "This link to the stream is not valid any more. Open the stream again where you found it.")
}

// opens tells whether a token, if there is one, opens the stream.
func (a *App) opens(ctx context.Context, s Stream, token string) bool {
	if token == "" {
		return false
	}
	_, err := a.checkToken(ctx, s, token)
	return err == nil
}

package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
)

// providerRecording is the provider of items that are recordings of this server. Their source is the recording's id.
const providerRecording = "recording"

// recordingClaims are what an address of a recording says: who may play it until when, because they manage its stream, or
// because it is an item of a room they are in. Their right is looked at again whenever the address is used.
type recordingClaims struct {
	Recording RecordingID `json:"c"`
	Issued    Time        `json:"i"`
	Expires   Time        `json:"e"`
	Person    PersonID    `json:"p"`
	Guest     RoomID      `json:"g,omitempty"` // the room a guest is of
	Room      RoomID      `json:"r,omitempty"` // where it is an item
	Media     MediaID     `json:"m,omitempty"`
}

// recordingPath is where the media door serves a recording.
func recordingPath(id RecordingID, token string) string {
	return "/live/recordings/" + string(id) + ".mp4?token=" + url.QueryEscape(token)
}

// signRecording makes a token for a recording of a stream as it was just read from the store.
func (a *App) signRecording(s Stream, c recordingClaims) (token string, expires Time) {
	c.Issued = max(a.Now(), s.TokensAfter+1)
	c.Expires = c.Issued.Add(ownTokenTTL)
	data, _ := json.Marshal(c) // text and numbers always encode
	body := base64.RawURLEncoding.EncodeToString(data)
	return "rp_" + body + "." + base64.RawURLEncoding.EncodeToString(a.recordingSeal(body)), c.Expires
}

func (a *App) recordingSeal(body string) []byte {
	mac := hmac.New(sha256.New, a.cfg.LiveKey)
	mac.Write([]byte("recording\x00" + body))
	return mac.Sum(nil)
}

// openRecording reads a token that is ours, for this recording and within its time.
func (a *App) openRecording(id RecordingID, token string) (c recordingClaims, err error) {
	rest, ok := strings.CutPrefix(token, "rp_")
	body, seal, ok2 := strings.Cut(rest, ".")
	given, err := base64.RawURLEncoding.Strict().DecodeString(seal)
	if !ok || !ok2 || len(token) > maxPlayToken || err != nil || !hmac.Equal(given, a.recordingSeal(body)) {
		return c, errRecordingToken()
	}
	data, err := base64.RawURLEncoding.DecodeString(body)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil || c.Recording != id || a.Now() >= c.Expires {
		return c, errRecordingToken()
	}
	return c, nil
}

func errRecordingToken() *Error {
	return Errorf(CodeUnauthenticated, "This link to the recording is not valid any more. Open the recording again where you found it.")
}

// AdmitRecording lets somebody read the file of a recording who has a token for it. It is asked with every request.
func (a *App) AdmitRecording(ctx context.Context, from Origin, id RecordingID, token string) (Recording, error) {
	if err := a.limit(ctx, "watch:"+network(from.Address), 600, 50*time.Millisecond, "Too many viewers from here at once. Wait a moment."); err != nil {
		return Recording{}, err
	}
	c, err := a.openRecording(id, token)
	if err != nil {
		return Recording{}, err
	}
	r, err := a.findRecording(ctx, id)
	if err != nil {
		return Recording{}, err
	}
	s, err := a.findStream(ctx, r.StreamID)
	if err == nil && c.Issued <= s.TokensAfter {
		err = errRecordingToken()
	}
	if err == nil {
		err = a.mayPlay(ctx, c, s, r)
	}
	switch {
	case refusal(err):
		return Recording{}, errRecordingToken()
	case err == nil && r.State != RecordingComplete:
		err = errNotPlayable(r)
	}
	return r, err
}

// mayPlay tells whether the person of a token still may play the recording.
func (a *App) mayPlay(ctx context.Context, c recordingClaims, s Stream, r Recording) error {
	who, err := a.actorOf(ctx, c.Person, c.Guest)
	if err != nil {
		return err
	}
	if c.Media != "" {
		if _, err := a.Authorize(ctx, who, c.Room, RoomView); err != nil {
			return err
		}
		return a.recordingShownIn(ctx, s, r, c.Room, c.Media)
	}
	ok, err := a.managesStream(ctx, who, s)
	if err == nil && !ok {
		err = errNoSuchRecording()
	}
	return err
}

func errNotPlayable(r Recording) *Error {
	if r.State == RecordingRunning {
		return Errorf(CodeConflict, "This is still being recorded. It can be played when it is complete.")
	}
	return Errorf(CodeNotFound, "The file of this recording is not there any more.")
}

// lookUpRecordings finds the recordings that are to be shown in a room, and checks that the actor may show them: who manages
// their stream may.
func (a *App) lookUpRecordings(ctx context.Context, by Actor, items []NewMedia) ([]NewMedia, error) {
	if !slices.ContainsFunc(items, func(n NewMedia) bool { return n.Provider == providerRecording }) {
		return items, nil
	}
	items = slices.Clone(items)
	for i, n := range items {
		if n.Provider != providerRecording {
			continue
		}
		r, _, err := a.managedRecording(ctx, by, RecordingID(n.URL))
		if CodeOf(err) == CodeNotFound {
			return nil, Invalid("url", "There is no such recording, or you may not see it. Use the id from the list of recordings.")
		}
		if err != nil {
			return nil, err
		}
		if r.State != RecordingComplete {
			return nil, errNotPlayable(r)
		}
		items[i].recording = &r
	}
	return items, nil
}

// draftRecording turns an item that lookUpRecordings has seen into a row.
func draftRecording(n NewMedia, title string) (Media, error) {
	switch {
	case n.recording == nil:
		return Media{}, Invalid("url", "The recording of an item cannot be changed. Add another item.")
	case len(n.Headers) > 0 || len(n.Subtitles) > 0:
		return Media{}, Invalid("provider", "A recording has neither request headers nor subtitles.")
	case n.Delivery != "" && n.Delivery != DeliverAuto:
		return Media{}, Invalid("delivery", "A recording always comes from this server.")
	}
	r := n.recording
	m := Media{Kind: MediaItem, Title: title, Provider: providerRecording, URL: string(r.ID), Delivery: DeliverAuto, DurationMs: r.DurationMs,
		Meta: MediaMeta{Container: "mp4", Codecs: r.Media.Codecs, Seekable: true, Probe: "ok", Named: title != ""}}
	if title == "" {
		m.Title = clip(r.Title, 170) + " · " + r.Started.Go().UTC().Format("2006-01-02 15:04") + " UTC"
	}
	return m, nil
}

// recordingShownIn tells whether a recording is still shown in a room as this item: it is there, and it is of that room's own
// stream, or who added it still manages the stream.
func (a *App) recordingShownIn(ctx context.Context, s Stream, r Recording, room RoomID, id MediaID) error {
	m, err := a.Store.Media(ctx, room, id)
	if err != nil {
		return err
	}
	if m.Provider != providerRecording || m.URL != string(r.ID) {
		return errNoSuchRecording()
	}
	if s.RoomID == room {
		return nil
	}
	by, err := a.actorOf(ctx, m.AddedBy, room)
	if err != nil {
		return err
	}
	ok, err := a.managesStream(ctx, by, s)
	if err == nil && !ok {
		err = errNoSuchRecording()
	}
	return err
}

// recordingSource is how the caller's player gets at an item that is a recording.
func (a *App) recordingSource(ctx context.Context, g Grant, m Media) (Source, error) {
	r, err := a.findRecording(ctx, RecordingID(m.URL))
	var s Stream
	if err == nil {
		s, err = a.findStream(ctx, r.StreamID)
	}
	if err == nil {
		err = a.recordingShownIn(ctx, s, r, g.room.ID, m.ID)
	}
	if err == nil && r.State != RecordingComplete {
		err = errNotPlayable(r)
	}
	if refusal(err) {
		return Source{}, Errorf(CodeNotFound, "This recording is gone, or is not shown here any more.")
	}
	if err != nil {
		return Source{}, err
	}
	token, expires := a.signRecording(s, recordingClaims{Recording: r.ID, Person: g.actor.person, Guest: g.actor.room, Room: g.room.ID, Media: m.ID})
	return Source{MediaID: m.ID, DurationMs: r.DurationMs, Expires: expires, Variants: []Variant{
		{URL: a.cfg.liveBase(Origin{}) + recordingPath(r.ID, token), Container: "mp4", Codecs: r.Media.Codecs, Proxied: true},
	}}, nil
}

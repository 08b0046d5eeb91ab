package app

import (
	"context"
	"time"
)

// Recording is one file that was made of a stream. A long broadcast has several.
type Recording struct {
	ID       RecordingID
	StreamID StreamID // "" when the stream is gone: then the file goes too
	State    RecordingState
	Title    string // the stream's when it began
	// File says where it is kept: "stream/name".
	File    string
	Started Time
	// Seen is when its maker last gave a sign of life.
	Seen       Time
	DurationMs float64
	Size       int64 // bytes
	Media      RecordingMedia
}

// RecordingMedia is what is in a recording.
type RecordingMedia struct {
	VideoCodec, AudioCodec string
	Codecs                 []string // as RFC 6381 has them
	Width, Height          int
}

// RecordingState is how far a recording is.
type RecordingState string

// States of recordings.
const (
	RecordingRunning  RecordingState = "recording"
	RecordingComplete RecordingState = "complete"
	RecordingLost     RecordingState = "lost"    // its file is not where it was put
	RecordingRemoved  RecordingState = "removed" // its file is about to be removed; nobody sees it any more
)

// RecordingInfo is a recording as one person may see it.
type RecordingInfo struct {
	Recording Recording
	// PlayURL is where the person can play it until Expires; "" unless it is complete.
	PlayURL string
	Expires Time
}

// StartRecording has what is published now recorded, until StopRecording or until the publisher has been gone for a minute.
func (a *App) StartRecording(ctx context.Context, from Origin, by Actor, id StreamID) (StreamInfo, error) {
	s, err := a.managedStream(ctx, by, id)
	if err != nil {
		return StreamInfo{}, err
	}
	switch {
	case a.cfg.RecordingOff:
		return StreamInfo{}, errNoRecorder()
	case a.streams.life(ctx, s.ID).State == StreamIdle:
		return StreamInfo{}, Errorf(CodeConflict, "Nobody publishes this stream now. Start when it is live, or have every broadcast recorded.")
	}
	return a.askToRecord(ctx, from, by, id, RecordOn)
}

func errNoRecorder() *Error {
	return Errorf(CodeUnsupported, "This server does not record. Its operator can turn recording on.")
}

// StopRecording ends the recording of the present broadcast.
func (a *App) StopRecording(ctx context.Context, from Origin, by Actor, id StreamID) (StreamInfo, error) {
	if _, err := a.managedStream(ctx, by, id); err != nil {
		return StreamInfo{}, err
	}
	return a.askToRecord(ctx, from, by, id, RecordOff)
}

// askToRecord notes what is wanted of this broadcast and tells the node where it is published.
func (a *App) askToRecord(ctx context.Context, from Origin, by Actor, id StreamID, wish RecordWish) (StreamInfo, error) {
	if err := a.limit(ctx, "record:"+string(by.person), 20, 3*time.Second, "Too many recordings at once. Wait a moment."); err != nil {
		return StreamInfo{}, err
	}
	s, err := a.Store.UpdateStream(ctx, id, func(s *Stream) error {
		s.Ask = RecordAsk{What: wish, At: a.Now()}
		s.Version++
		return nil
	})
	if err != nil {
		return StreamInfo{}, err
	}
	a.streams.tell(ctx, streamNews{Stream: id, Kind: newsChanged})
	return a.viewStream(ctx, streamViewer{from: from, by: by, manages: true}, s)
}

// ListRecordings pages through the recordings of a stream that the actor manages, newest first; "" are those of all streams
// that the actor owns.
func (a *App) ListRecordings(ctx context.Context, from Origin, by Actor, stream StreamID, p Page) ([]RecordingInfo, string, error) {
	f := RecordingFilter{Stream: stream}
	if stream != "" {
		if _, err := a.managedStream(ctx, by, stream); err != nil {
			return nil, "", err
		}
	} else if err := by.needUser(); err != nil {
		return nil, "", err
	} else {
		f.Owner = by.user.ID
	}
	list, next, err := a.Store.ListRecordings(ctx, f, p)
	if err != nil {
		return nil, "", err
	}
	streams := make(map[StreamID]Stream) // of those on the page
	infos := make([]RecordingInfo, 0, len(list))
	for _, r := range list {
		s, ok := streams[r.StreamID]
		if !ok {
			if s, err = a.findStream(ctx, r.StreamID); CodeOf(err) == CodeNotFound {
				continue // it has just gone
			} else if err != nil {
				return nil, "", err
			}
			streams[s.ID] = s
		}
		infos = append(infos, a.viewRecording(from, by, s, r))
	}
	return infos, next, nil
}

// GetRecording returns a recording of a stream that the actor manages.
func (a *App) GetRecording(ctx context.Context, from Origin, by Actor, id RecordingID) (RecordingInfo, error) {
	r, s, err := a.managedRecording(ctx, by, id)
	if err != nil {
		return RecordingInfo{}, err
	}
	return a.viewRecording(from, by, s, r), nil
}

// DeleteRecording removes a recording. Nobody sees it from then on, and its file goes soon after.
func (a *App) DeleteRecording(ctx context.Context, by Actor, id RecordingID) error {
	if _, _, err := a.managedRecording(ctx, by, id); err != nil {
		return err
	}
	_, err := a.Store.UpdateRecording(ctx, id, func(r *Recording) error {
		if r.State == RecordingRunning {
			return Errorf(CodeConflict, "This is being recorded. Stop the recording first.")
		}
		r.State = RecordingRemoved
		return nil
	})
	if CodeOf(err) == CodeNotFound {
		err = nil // somebody else was faster
	}
	if err == nil {
		for _, l := range a.streams.parts() {
			l.TidyRecordings()
		}
	}
	return err
}

// managedRecording returns a recording of a stream that the actor manages. Who may not even watch it learns nothing of it.
func (a *App) managedRecording(ctx context.Context, by Actor, id RecordingID) (Recording, Stream, error) {
	if by.Anonymous() {
		return Recording{}, Stream{}, Errorf(CodeUnauthenticated, "Sign in first.")
	}
	r, err := a.findRecording(ctx, id)
	if err != nil {
		return Recording{}, Stream{}, err
	}
	s, err := a.managedStream(ctx, by, r.StreamID)
	if CodeOf(err) == CodeNotFound {
		err = errNoSuchRecording()
	}
	return r, s, err
}

// findRecording reads a recording, by an identifier that anybody may have made up, that is there to be seen.
func (a *App) findRecording(ctx context.Context, id RecordingID) (Recording, error) {
	if !validID("rec_", string(id)) {
		return Recording{}, errNoSuchRecording()
	}
	r, err := a.Store.Recording(ctx, id)
	if CodeOf(err) == CodeNotFound || err == nil && (r.State == RecordingRemoved || r.StreamID == "") {
		return Recording{}, errNoSuchRecording()
	}
	return r, err
}

func errNoSuchRecording() *Error {
	return Errorf(CodeNotFound, "There is no such recording, or you may not see it.")
}

func (a *App) viewRecording(from Origin, by Actor, s Stream, r Recording) RecordingInfo {
	info := RecordingInfo{Recording: r}
	if r.State == RecordingComplete {
		token, expires := a.signRecording(s, recordingClaims{Recording: r.ID, Person: by.person, Guest: by.room})
		info.PlayURL, info.Expires = a.cfg.liveBase(from)+recordingPath(r.ID, token), expires
	}
	return info
}

package app

import (
	"encoding/json"
	"fmt"

	"synctv/app/playback"
)

// Event is one durable thing that happened in a room. Seq rises by one with each event of a
// room, on every node the same.
type Event struct {
	Seq    uint32
	At     Time
	By     PersonID // "" for the server itself
	ByName string
	Body   EventBody
}

// EventBody is the sum of all kinds of events; only types of this package are members.
type EventBody interface{ eventKind() string }

// The kinds.
type (
	// PlaybackChanged carries the new state of playback.
	PlaybackChanged struct{ State playback.State }
	// MessageSent is a new message.
	MessageSent struct{ Message Message }
	// MessageChanged is an edited or deleted message.
	MessageChanged struct{ Message Message }
	// MediaAdded are new items in order.
	MediaAdded struct{ Media []Media }
	// MediaChanged are items with new contents or places.
	MediaChanged struct{ Media []Media }
	// MediaRemoved are items that went, folders with all in them.
	MediaRemoved struct{ IDs []MediaID }
	// MemberJoined is a person who became a member or guest.
	MemberJoined struct{ Member Member }
	// MemberChanged is a person whose role or permissions changed.
	MemberChanged struct{ Member Member }
	// MemberRemoved is a person who left, was kicked or banned.
	MemberRemoved struct {
		ID     PersonID
		Name   string
		How    string // "left", "kicked" or "banned"
		Reason string
	}
	// RoomChanged carries the room with its new name or settings.
	RoomChanged struct{ Room Room }
	// RoomClosed is the last event of a room.
	RoomClosed struct{ Reason string }
	// Hidden stands for what a newer node wrote and this one does not know, or for what the person
	// who gets it may not see. Its number counts.
	Hidden struct{}
)

func (PlaybackChanged) eventKind() string { return "playback" }
func (MessageSent) eventKind() string     { return "message" }
func (MessageChanged) eventKind() string  { return "message_changed" }
func (MediaAdded) eventKind() string      { return "media_added" }
func (MediaChanged) eventKind() string    { return "media_changed" }
func (MediaRemoved) eventKind() string    { return "media_removed" }
func (MemberJoined) eventKind() string    { return "member_joined" }
func (MemberChanged) eventKind() string   { return "member_changed" }
func (MemberRemoved) eventKind() string   { return "member_removed" }
func (RoomChanged) eventKind() string     { return "room_changed" }
func (RoomClosed) eventKind() string      { return "room_closed" }
func (Hidden) eventKind() string          { return "hidden" }

// eventJSON is an event as it stands in the log and on the bus.
type eventJSON struct {
	Seq    uint32          `json:"seq"`
	At     Time            `json:"at"`
	By     PersonID        `json:"by,omitempty"`
	ByName string          `json:"by_name,omitempty"`
	Kind   string          `json:"kind"`
	Body   json.RawMessage `json:"body"`
}

// EncodeEvent turns an event into the JSON of the event log.
func EncodeEvent(ev Event) ([]byte, error) {
	body, err := json.Marshal(ev.Body)
	if err != nil {
		return nil, fmt.Errorf("encode %s event: %w", ev.Body.eventKind(), err)
	}
	return json.Marshal(eventJSON{ev.Seq, ev.At, ev.By, ev.ByName, ev.Body.eventKind(), body})
}

// DecodeEvent is the inverse of EncodeEvent. An event of an unknown kind comes out Hidden: a newer node
// wrote it, and this one goes on without it.
func DecodeEvent(data []byte) (Event, error) {
	var w eventJSON
	if err := json.Unmarshal(data, &w); err != nil {
		return Event{}, fmt.Errorf("decode event: %w", err)
	}
	body, err := decodeBody(w.Kind, w.Body)
	if err != nil {
		return Event{}, err
	}
	return Event{Seq: w.Seq, At: w.At, By: w.By, ByName: w.ByName, Body: body}, nil
}

func decodeBody(kind string, data []byte) (EventBody, error) {
	switch kind {
	case "playback":
		return decodeAs[PlaybackChanged](data)
	case "message":
		return decodeAs[MessageSent](data)
	case "message_changed":
		return decodeAs[MessageChanged](data)
	case "media_added":
		return decodeAs[MediaAdded](data)
	case "media_changed":
		return decodeAs[MediaChanged](data)
	case "media_removed":
		return decodeAs[MediaRemoved](data)
	case "member_joined":
		return decodeAs[MemberJoined](data)
	case "member_changed":
		return decodeAs[MemberChanged](data)
	case "member_removed":
		return decodeAs[MemberRemoved](data)
	case "room_changed":
		return decodeAs[RoomChanged](data)
	case "room_closed":
		return decodeAs[RoomClosed](data)
	}
	return Hidden{}, nil
}

func decodeAs[T EventBody](data []byte) (EventBody, error) {
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("decode %s event: %w", v.eventKind(), err)
	}
	return v, nil
}

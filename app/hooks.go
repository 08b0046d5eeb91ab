package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Hooks are the operator's way to have a say in live streaming and to hear of it: one JSON object to one
// address, in the shape SRS gives its own, so that what was written for SRS works here.
type hooks struct {
	app    *App
	sender HookSender  // nil when there are none
	queue  chan []byte // what nobody waits for; when it is full the newest is dropped
}

const (
	hookDeadline = 3 * time.Second
	hookQueue    = 256
	hookVhost    = "__defaultVhost__"
	hookApp      = "live"
	maxHookReply = 64 << 10 // more is no answer
)

// The hooks, by SRS's names. Those that are asked can refuse.
const (
	hookConnect   = "on_connect" // asked
	hookPublish   = "on_publish" // asked
	hookPlay      = "on_play"    // asked
	hookUnpublish = "on_unpublish"
	hookStop      = "on_stop"
	hookHLS       = "on_hls"
	hookRecord    = "on_record"
)

// hook is what a hook is about.
type hook struct {
	from   Origin
	stream StreamID // "" for on_connect
	param  string   // from "?" on
	extra  map[string]any
}

func newHooks(a *App, sender HookSender) *hooks {
	return &hooks{app: a, sender: sender, queue: make(chan []byte, hookQueue)}
}

func hookOf(from Origin, stream StreamID) hook { return hook{from: from, stream: stream} }

func hookOfSession(s StreamSession, stream StreamID) hook {
	return hook{from: Origin{Address: s.Address, Protocol: s.Protocol, Client: s.ID}, stream: stream}
}

// HLSSegment is a segment that was written, for the hook.
type HLSSegment struct {
	Seconds float64
	File    string // as it is named where segments are kept
	URL     string // path on this server
	M3U8URL string // path of its playlist
	Number  uint64
}

// NoteSegment tells the operator's hook of a segment.
func (a *App) NoteSegment(id StreamID, s StreamSession, seg HLSSegment) {
	h := hookOfSession(s, id)
	h.extra = map[string]any{"duration": seg.Seconds, "cwd": "", "file": seg.File, "url": seg.URL, "m3u8": seg.M3U8URL,
		"m3u8_url": seg.M3U8URL, "seq_no": seg.Number}
	a.hooks.note(hookHLS, h)
}

// NoteRecording tells the operator's hook of a recording that is complete.
func (a *App) NoteRecording(id StreamID, s StreamSession, file string) {
	h := hookOfSession(s, id)
	h.extra = map[string]any{"cwd": a.cfg.RecordingDir, "file": file}
	a.hooks.note(hookRecord, h)
}

// body is the hook as SRS would say it.
func (h hook) body(node, action string) []byte {
	fields := map[string]any{"server_id": node, "service_id": node, "action": action, "client_id": h.from.Client,
		"ip": h.from.Address.String(), "vhost": hookVhost, "app": hookApp, "stream": string(h.stream), "param": h.param, "tcUrl": h.tcURL()}
	if h.stream != "" {
		fields["stream_url"], fields["stream_id"] = "/"+hookApp+"/"+string(h.stream), string(h.stream)
	}
	if action == hookConnect || action == hookPlay {
		fields["pageUrl"] = h.from.Page
	}
	for k, v := range h.extra {
		fields[k] = v
	}
	if !h.from.Address.IsValid() {
		fields["ip"] = ""
	}
	data, _ := json.Marshal(fields) // text and finite numbers always encode
	return data
}

// tcURL is what an RTMP client would have connected to.
func (h hook) tcURL() string {
	host := plainHost(h.from.Host)
	switch {
	case h.from.Protocol == "flv" || host == "":
		return "rtmp://" + hookVhost + "/" + hookApp
	case h.from.Protocol == "hls" && h.from.Secure:
		return "https://" + host + "/" + hookApp
	case h.from.Protocol == "hls":
		return "http://" + host + "/" + hookApp
	}
	return "rtmp://" + host + "/" + hookApp
}

// ask lets the operator's hook refuse. One that does not answer refuses too: who asks wants to know.
func (h *hooks) ask(ctx context.Context, action string, about hook) error {
	if h.sender == nil {
		return nil
	}
	ok, err := h.send(ctx, about.body(h.app.cfg.NodeID, action))
	switch {
	case err != nil:
		h.app.Log.WarnContext(ctx, "a hook did not answer", "hook", action, "stream", about.stream, "err", err)
		return Wrap(CodeUnavailable, err, "The service that decides about streams here does not answer. Try again in a moment.")
	case ok:
		return nil
	case action == hookPublish:
		return Errorf(CodeForbidden, "This server's operator does not let you publish here.")
	case action == hookPlay:
		return Errorf(CodeForbidden, "This server's operator does not let you watch this stream.")
	}
	return Errorf(CodeForbidden, "This server's operator does not let you connect.")
}

// note tells the operator's hook something that is over already. It never waits.
func (h *hooks) note(action string, about hook) {
	if h.sender == nil {
		return
	}
	select {
	case h.queue <- about.body(h.app.cfg.NodeID, action):
	default:
		h.app.Log.Warn("the hook is too slow, a notification was dropped", "hook", action, "stream", about.stream)
	}
}

// send carries one hook; ok tells whether it was accepted.
func (h *hooks) send(ctx context.Context, body []byte) (ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, hookDeadline)
	defer cancel()
	status, answer, err := h.sender.Send(ctx, body)
	return err == nil && hookAccepts(status, answer), err
}

// hookAccepts is SRS's rule: 200 or 201, and 0 or an object whose code is the number 0.
func hookAccepts(status int, answer []byte) bool {
	if status != http.StatusOK && status != http.StatusCreated || len(answer) > maxHookReply {
		return false
	}
	text := strings.TrimSpace(string(answer))
	if text == "0" {
		return true
	}
	var reply struct {
		Code json.RawMessage `json:"code"`
	}
	return json.Unmarshal([]byte(text), &reply) == nil && bytes.Equal(reply.Code, []byte("0"))
}

// run sends notifications, one after the other, until ctx ends; then those that wait, as far as time allows.
func (h *hooks) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			h.finish(context.WithoutCancel(ctx))
			return
		case body := <-h.queue:
			h.deliver(ctx, body)
		}
	}
}

func (h *hooks) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, hookDeadline)
	defer cancel()
	for {
		select {
		case body := <-h.queue:
			h.deliver(ctx, body)
		default:
			return
		}
	}
}

// errHookAnswer: somebody answered, but not as a hook does that has understood.
var errHookAnswer = errors.New(`the answer is not status 200 with 0 or {"code":0}`)

func (h *hooks) deliver(ctx context.Context, body []byte) {
	ok, err := h.send(ctx, body)
	if err == nil && !ok {
		err = errHookAnswer
	}
	if err != nil && ctx.Err() == nil {
		h.app.Log.WarnContext(ctx, "the hook did not take a notification", "err", err)
	}
}

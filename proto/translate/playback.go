package translate

import (
	"slices"

	"synctv/app"
	"synctv/app/playback"
	synctvv1 "synctv/proto/synctv/v1"
)

var loops = []pair[synctvv1.LoopMode, playback.Loop]{
	{synctvv1.LoopMode_LOOP_MODE_OFF, playback.LoopNone},
	{synctvv1.LoopMode_LOOP_MODE_ONE, playback.LoopOne},
	{synctvv1.LoopMode_LOOP_MODE_ALL, playback.LoopAll},
}

var ops = []pair[synctvv1.PlaybackOp, playback.Op]{
	{synctvv1.PlaybackOp_PLAYBACK_OP_PLAY, playback.OpPlay},
	{synctvv1.PlaybackOp_PLAYBACK_OP_PAUSE, playback.OpPause},
	{synctvv1.PlaybackOp_PLAYBACK_OP_SEEK, playback.OpSeek},
	{synctvv1.PlaybackOp_PLAYBACK_OP_RATE, playback.OpRate},
	{synctvv1.PlaybackOp_PLAYBACK_OP_SELECT, playback.OpMedia},
	{synctvv1.PlaybackOp_PLAYBACK_OP_NEXT, playback.OpNext},
	{synctvv1.PlaybackOp_PLAYBACK_OP_PREVIOUS, playback.OpPrevious},
	{synctvv1.PlaybackOp_PLAYBACK_OP_LOOP, playback.OpLoop},
	{synctvv1.PlaybackOp_PLAYBACK_OP_START_ANYWAY, playback.OpStartAnyway},
}

// Playback is a state of playback. Everything that playback.State.Hash covers is carried without loss, so
// that a client computes the same hash. setByName is the name of who set it, "" when not known.
func Playback(s playback.State, setByName string) *synctvv1.Playback {
	out := &synctvv1.Playback{
		Revision: s.Revision, Epoch: s.Epoch, MediaId: s.MediaID, PositionMs: s.PositionMs, AtMs: app.Time(s.AtUs).Ms(), Rate: s.Rate,
		Playing: s.Playing, DurationMs: s.DurationMs, Loop: toWire(loops, s.Loop), SetBy: s.SetBy, SetByName: setByName,
		ClientId: s.ClientID, LeadRate: s.LeadRate, Live: s.Live,
	}
	if s.Loop == "" {
		out.Loop = synctvv1.LoopMode_LOOP_MODE_OFF
	}
	if h := s.Hold; h != nil {
		out.Hold = &synctvv1.Hold{Reason: string(h.Reason), Waiting: slices.Clone(h.Waiting), UntilMs: app.Time(h.UntilUs).Ms()}
	}
	return out
}

// Intent reads what a person wants of playback. Who it is, app fills in.
func Intent(in *synctvv1.Intent) (playback.Intent, error) {
	if in == nil {
		return playback.Intent{}, app.Invalid("intent", "Say what should happen.")
	}
	op, err := needWord(ops, "intent.op", in.GetOp())
	if err != nil {
		return playback.Intent{}, err
	}
	loop, err := toWord(loops, "intent.loop", in.GetLoop())
	if err != nil {
		return playback.Intent{}, err
	}
	return playback.Intent{Op: op, PositionMs: in.PositionMs, Rate: in.GetRate(), MediaID: in.GetMediaId(), Loop: loop,
		BaseRevision: in.GetBaseRevision(), BaseMediaID: in.GetBaseMediaId(), CID: in.GetClientId()}, nil
}

package translate

import (
	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
)

// recordingStates has no word for what is removed: nobody sees that.
var recordingStates = []pair[synctvv1.RecordingState, app.RecordingState]{
	{synctvv1.RecordingState_RECORDING_STATE_RECORDING, app.RecordingRunning},
	{synctvv1.RecordingState_RECORDING_STATE_COMPLETE, app.RecordingComplete},
	{synctvv1.RecordingState_RECORDING_STATE_LOST, app.RecordingLost},
}

// Recording is a recording as one person may see it. Where its file is kept stays inside.
func Recording(i app.RecordingInfo) *synctvv1.Recording {
	r := i.Recording
	return &synctvv1.Recording{
		Id: string(r.ID), StreamId: string(r.StreamID), Title: r.Title, State: toWire(recordingStates, r.State), StartedMs: r.Started.Ms(),
		DurationMs: r.DurationMs, SizeBytes: float64(r.Size), VideoCodec: r.Media.VideoCodec, AudioCodec: r.Media.AudioCodec,
		Width: count(r.Media.Width), Height: count(r.Media.Height), PlayUrl: i.PlayURL, ExpiresMs: i.Expires.Ms(),
	}
}

// Recordings is a list of recordings.
func Recordings(list []app.RecordingInfo) []*synctvv1.Recording { return each(list, Recording) }

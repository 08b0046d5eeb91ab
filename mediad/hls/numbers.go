package hls

import (
	"context"
	"fmt"
	"io"
	"time"

	"synctv/mediad/segments"
)

// numbers are what a stream that begins again has to be above.
type numbers struct {
	sequence        uint64 // the first segment of the period
	discontinuities uint64 // that it has
	at              time.Time
}

// numbersName is the file in generation 0 of a stream that has its numbers.
const numbersName = "numbers.txt"

const (
	numbersWait  = 2 * time.Second  // how long a stream waits for them
	numbersEvery = 10 * time.Minute // how often they are written even if they are the same, so that no sweep finds them
	numbersSize  = 200
)

func (n numbers) blob() segments.Blob {
	return segments.Blob{fmt.Appendf(nil, "%d %d %d\n", n.sequence, n.discontinuities, n.at.UnixMilli())}
}

// first returns the numbers with which a presentation begins: those of the clock, or
// higher ones when there were so many segments or discontinuities, in so short a time,
// that the clock is behind. What was used after the last note was taken is allowed for.
func (n numbers) first(now time.Time) (sequence, discontinuities uint64) {
	sequence, discontinuities = FirstSequence(now), firstDiscontinuity(now)
	if n.at.IsZero() || n.at.After(now.Add(time.Hour)) {
		return sequence, discontinuities
	}
	since := uint64(max(0, now.Sub(n.at)) / time.Second)
	return max(sequence, n.sequence+since+2), max(discontinuities, n.discontinuities+2)
}

// readNumbers reads what a stream has noted; nothing when there is nothing.
func readNumbers(ctx context.Context, s segments.Store, stream string) (numbers, error) {
	ctx, cancel := context.WithTimeout(ctx, numbersWait)
	defer cancel()
	o, err := s.Get(ctx, segments.Key{Stream: stream, Name: numbersName})
	if err != nil {
		return numbers{}, err
	}
	defer o.Body.Close()
	text, err := io.ReadAll(io.LimitReader(o.Body, numbersSize))
	if err != nil {
		return numbers{}, err
	}
	var n numbers
	var at int64
	if _, err := fmt.Sscanf(string(text), "%d %d %d\n", &n.sequence, &n.discontinuities, &at); err != nil {
		return numbers{}, fmt.Errorf("hls: %s is damaged: %w", numbersName, err)
	}
	n.at = time.UnixMilli(at)
	return n, nil
}

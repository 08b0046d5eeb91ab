package app

// How much a person gets at once who comes in. A connection that has this and what follows waiting
// must still be far from being too slow.
const (
	resumeMax      = 500       // more missed events than this and a snapshot is cheaper
	resumeWeight   = 256 << 10 // or more bytes, roughly
	snapshotMedia  = 500
	snapshotWeight = 256 << 10 // of media, roughly
	snapshotPeople = 500       // the longest there; the others show with their next report

	snapshotMessages = 50
)

// weight is about how many bytes the event has on the wire.
func (ev Event) weight() int {
	switch b := ev.Body.(type) {
	case MessageSent:
		return b.Message.weight()
	case MessageChanged:
		return b.Message.weight()
	case MediaAdded:
		return weightOf(b.Media)
	case MediaChanged:
		return weightOf(b.Media)
	case MediaRemoved:
		return 40 * (1 + len(b.IDs))
	}
	return 400
}

func (m Message) weight() int { return 200 + len(m.Text) + len(m.Name) }

func (m Media) weight() int {
	n := 120 + len(m.Title) + len(m.URL)
	for _, s := range m.Meta.Subtitles {
		n += 60 + len(s.URL) + len(s.Label)
	}
	return n
}

func weightOf(list []Media) (n int) {
	for _, m := range list {
		n += m.weight()
	}
	return n
}

// tooMuch tells whether a list of missed events is better replaced by a snapshot.
func tooMuch(missed []Event) bool {
	n := 0
	for _, ev := range missed {
		n += ev.weight()
	}
	return n > resumeWeight
}

// lighten cuts a list of media where it becomes too heavy.
func lighten(list []Media) []Media {
	n := 0
	for i, m := range list {
		if n += m.weight(); n > snapshotWeight {
			return list[:i]
		}
	}
	return list
}

// hide takes the contents out of an event; its number stays.
func (ev Event) hide() Event { return Event{Seq: ev.Seq, At: ev.At, Body: Hidden{}} }

// visible makes of events what the person may see of them.
func (g Grant) visible(events []Event) {
	for i, ev := range events {
		if !g.actions.Has(Needs(ev)) {
			events[i] = ev.hide()
		}
	}
}

// recall makes of events read from the log what the person may see of the past: nothing that was
// said without history_view, and no text that has been deleted since.
func (g Grant) recall(events []Event) {
	deleted := make(map[MessageID]bool)
	for i := len(events) - 1; i >= 0; i-- {
		var m Message
		switch b := events[i].Body.(type) {
		case MessageSent:
			m = b.Message
		case MessageChanged:
			m = b.Message
		default:
			continue
		}
		if m.Deleted {
			deleted[m.ID] = true
		}
		if !g.actions.Has(HistoryView) || deleted[m.ID] && !m.Deleted {
			events[i] = events[i].hide()
		}
	}
	g.visible(events)
}

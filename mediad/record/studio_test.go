package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/cmaf"
	"synctv/mediad/segments"
	"synctv/mediad/stream"
)

// books is a Ledger.
type books struct {
	mu       sync.Mutex
	n        int
	films    []Film
	state    map[string]string
	length   map[string]time.Duration
	seen     map[string]time.Time
	dead     []Film
	spent    []Film
	unwanted bool
}

func newBooks() *books {
	return &books{state: map[string]string{}, length: map[string]time.Duration{}, seen: map[string]time.Time{}}
}

func (b *books) Begin(_ context.Context, stream string, m Media) (Film, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	f := Film{ID: fmt.Sprint("rec_", b.n), Stream: stream, File: fmt.Sprintf("rec_%d.mp4", b.n)}
	b.films, b.state[f.ID], b.seen[f.ID] = append(b.films, f), "recording", time.Now()
	if m.AudioCodec != "MP3" || len(m.Codecs) != 1 {
		return f, fmt.Errorf("media %+v", m)
	}
	return f, nil
}

func (b *books) note(f Film, state string, length time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unwanted {
		return ErrUnwanted
	}
	b.state[f.ID], b.length[f.ID], b.seen[f.ID] = state, length, time.Now()
	return nil
}

func (b *books) Progress(_ context.Context, f Film, length time.Duration, _ int64) error {
	return b.note(f, "recording", length)
}

func (b *books) End(_ context.Context, f Film, length time.Duration, _ int64) error {
	return b.note(f, "complete", length)
}

func (b *books) Lost(_ context.Context, f Film) error { return b.note(f, "lost", 0) }

func (b *books) Forget(_ context.Context, f Film) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state[f.ID] = "forgotten"
	b.dead = slices.DeleteFunc(b.dead, func(o Film) bool { return o == f })
	b.spent = slices.DeleteFunc(b.spent, func(o Film) bool { return o == f })
	return nil
}

func (b *books) Dead(context.Context) ([]Film, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	dead := b.dead
	for _, f := range b.films {
		if seen, ok := b.seen[f.ID]; ok && b.state[f.ID] == "recording" && time.Since(seen) > 20*time.Second {
			dead = append(dead, f)
		}
	}
	b.dead = nil
	return dead, nil
}

func (b *books) Spent(context.Context, time.Duration, int64) ([]Film, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.spent), nil
}

func (b *books) Knows(_ context.Context, file string) (bool, error) { return file == "known.mp4", nil }

// show is what became of the films, in order.
func (b *books) show() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, f := range b.films {
		all = append(all, fmt.Sprintf("%s %.0fs", b.state[f.ID], b.length[f.ID].Seconds()))
	}
	return strings.Join(all, ", ")
}

// shaky is an archive that can be told to fail, or to hang.
type shaky struct {
	segments.Archive
	mu    sync.Mutex
	fail  error
	hang  chan struct{} // nil: not
	calls int
}

func (s *shaky) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *shaky) Append(ctx context.Context, t segments.Title, at int64, b segments.Blob) error {
	s.mu.Lock()
	s.calls++
	fail, hang := s.fail, s.hang
	s.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if fail != nil {
		return fail
	}
	return s.Archive.Append(ctx, t, at, b)
}

// set is a studio in which time is not real, and a stream with sound in it.
type set struct {
	t       *testing.T
	books   *books
	archive *shaky
	studio  *Studio
	stream  *stream.Stream
	pub     *stream.Publisher
	log     *bytes.Buffer
	at      time.Duration
}

// onSet runs f in a bubble; everything has ended when it returns.
func onSet(t *testing.T, c Config, f func(*set)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &set{t: t, books: newBooks(), archive: &shaky{Archive: segments.NewMemoryArchive(0, nil)}, log: &bytes.Buffer{}}
		c.Archive, c.Ledger, c.Log = s.archive, s.books, slog.New(slog.NewTextHandler(s.log, nil))
		var err error
		if s.studio, err = New(c); err != nil {
			t.Fatal(err)
		}
		registry := stream.NewRegistry(stream.RegistryConfig{})
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { registry.Run(ctx) })
		all.Go(func() { s.studio.Run(ctx) })
		synctest.Wait()
		if s.stream, err = registry.Open("str_1"); err != nil {
			t.Fatal(err)
		}
		s.publish()
		f(s)
		cancel()
		all.Wait()
	})
}

func (s *set) publish() {
	s.t.Helper()
	var err error
	if s.pub, err = s.stream.Publish(stream.Offer{}); err != nil {
		s.t.Fatal(err)
	}
}

// frame is one of MP3: 44.1 kHz, 128 kbit/s.
var frame = append([]byte{0xFF, 0xFB, 0x90, 0x00}, make([]byte, 413)...)

// play publishes for so long, in real time of the bubble. Nothing may hold the publisher up.
func (s *set) play(d time.Duration) *set {
	s.t.Helper()
	const step = 26 * time.Millisecond
	for end := s.at + d; s.at < end; s.at += step {
		before := time.Now()
		if err := s.pub.Write(av.Packet{Kind: av.Audio, Codec: av.MP3, Key: true, DTS: s.at, PTS: s.at, Data: frame}); err != nil {
			s.t.Fatal(err)
		}
		if d := time.Since(before); d != 0 {
			s.t.Fatalf("the publisher waited for %v", d)
		}
		time.Sleep(step)
	}
	synctest.Wait()
	return s
}

func (s *set) expect(want string) {
	s.t.Helper()
	synctest.Wait()
	if got := s.books.show(); got != want {
		s.t.Errorf("films are %q, want %q\n%s", got, want, s.log)
	}
}

// length is how long the file of a film is, by looking at it.
func (s *set) length(file string) time.Duration {
	s.t.Helper()
	l, err := s.archive.Open(s.t.Context(), segments.Title{Stream: "str_1", Name: file})
	if err != nil {
		s.t.Fatal(err)
	}
	listing, err := cmaf.List(segments.ReaderAt(s.t.Context(), l), l.Size())
	if err != nil || !listing.Indexed {
		s.t.Fatalf("%+v, %v", listing, err)
	}
	return listing.Duration().Round(time.Second)
}

func (s *set) failures() string {
	var all []string
	for _, c := range s.studio.Stats().Failures {
		if c.Count > 0 {
			all = append(all, c.Reason)
		}
	}
	return strings.Join(all, " ")
}

func TestStudioRecords(t *testing.T) {
	onSet(t, Config{}, func(s *set) {
		s.studio.Record(s.stream)
		s.studio.Record(s.stream) // told again
		s.play(21 * time.Second)
		s.expect("recording 20s")
		if st := s.studio.Stats(); st.Recording != 1 || st.Bytes == 0 {
			t.Errorf("%+v", st)
		}
		s.studio.Stop("str_1")
		s.expect("complete 21s")
		if d := s.length("rec_1.mp4"); d != 21*time.Second {
			t.Errorf("%v long", d)
		}
		s.studio.Record(s.stream) // and once more; the publisher goes and comes back, and then goes
		s.play(5 * time.Second).pub.Close()
		time.Sleep(6 * time.Second)
		s.publish()
		s.play(5 * time.Second).pub.Close()
		time.Sleep(15 * time.Second)
		s.expect("complete 21s, complete 11s")
		if st := s.studio.Stats(); st.Recording != 0 || st.Completed != 2 || s.failures() != "" {
			t.Errorf("%+v", st)
		}
	})
}

// TestStudioStops: what is being recorded when the server stops is finished.
func TestStudioStops(t *testing.T) {
	var b *books
	onSet(t, Config{}, func(s *set) {
		b = s.books
		s.studio.Record(s.stream)
		s.play(7 * time.Second)
	})
	if got := b.show(); got != "complete 7s" {
		t.Errorf("films are %q", got)
	}
}

func TestStudioStore(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		down   time.Duration
		want   string
		reason string
	}{
		{"away for a while", errors.New("away"), 15 * time.Second, "complete 35s", "store"},
		{"full for long", segments.ErrFull, 2 * time.Minute, "complete 8s, complete 12s", "no_room"},
		{"refuses for long", segments.ErrRefused, 2 * time.Minute, "complete 8s, complete 12s", "refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onSet(t, Config{}, func(s *set) {
				s.studio.Record(s.stream)
				s.play(10 * time.Second)
				s.archive.set(c.err)
				s.play(c.down)
				s.archive.set(nil)
				s.play(10 * time.Second)
				s.studio.Stop("str_1")
				time.Sleep(time.Minute)
				if got := s.books.show(); !similar(got, c.want) {
					t.Errorf("films are %q, want about %q", got, c.want)
				}
				if got := s.failures(); got != c.reason {
					t.Errorf("failures %q", got)
				}
				if n := strings.Count(s.log.String(), "not told again"); n != 1 {
					t.Errorf("it was told %d times:\n%s", n, s.log)
				}
			})
		})
	}
}

// similar compares what became of films, with a few seconds more or less; what was forgotten does not count.
func similar(got, want string) bool {
	var list []string
	for _, f := range strings.Split(got, ", ") {
		if !strings.HasPrefix(f, "forgotten") {
			list = append(list, f)
		}
	}
	wanted := strings.Split(want, ", ")
	if len(list) != len(wanted) {
		return false
	}
	for i := range list {
		var a, b string
		var m, n int
		fmt.Sscanf(list[i], "%s %ds", &a, &m)
		fmt.Sscanf(wanted[i], "%s %ds", &b, &n)
		if a != b || m < n-6 || m > n+6 {
			return false
		}
	}
	return true
}

// TestStudioSlow: a store that hangs costs what does not fit into the queue, and nobody waits for it.
func TestStudioSlow(t *testing.T) {
	onSet(t, Config{Fragment: 100 * time.Millisecond}, func(s *set) { // so that the queue is full soon
		s.studio.Record(s.stream)
		s.play(3 * time.Second)
		hang := make(chan struct{})
		s.archive.mu.Lock()
		s.archive.hang = hang
		s.archive.mu.Unlock()
		s.play(29 * time.Second)
		if got := s.failures(); got != "timeout too_slow" {
			t.Errorf("failures %q", got)
		}
		close(hang)
		s.archive.mu.Lock()
		s.archive.hang = nil
		s.archive.mu.Unlock()
		s.play(10 * time.Second)
		s.studio.Stop("str_1")
		time.Sleep(time.Minute)
		if got := s.books.show(); !similar(got, "complete 16s, complete 10s") {
			t.Errorf("films are %q", got)
		}
	})
}

// TestStudioMends: files of makers that died are finished, or forgotten when there is nothing in them.
func TestStudioMends(t *testing.T) {
	onSet(t, Config{}, func(s *set) {
		s.studio.Record(s.stream)
		s.play(9 * time.Second)
		s.studio.Stop("str_1")
		synctest.Wait()
		l, err := s.archive.Open(t.Context(), s.books.films[0].title())
		if err != nil {
			t.Fatal(err)
		}
		body, _ := l.Read(t.Context(), 0, l.Size())
		whole, _ := io.ReadAll(body)
		listing, err := cmaf.List(bytes.NewReader(whole), l.Size())
		if err != nil {
			t.Fatal(err)
		}
		film := func(name string, content []byte) Film {
			f := Film{ID: "rec_" + name, Stream: "str_1", File: name + ".mp4"}
			if content != nil {
				if err := s.archive.Append(t.Context(), f.title(), 0, segments.Blob{content}); err != nil {
					t.Fatal(err)
				}
			}
			s.books.mu.Lock()
			defer s.books.mu.Unlock()
			s.books.films, s.books.dead = append(s.books.films, f), append(s.books.dead, f)
			return f
		}
		film("whole", whole)
		film("noindex", whole[:listing.End])
		film("torn", whole[:listing.End-5])
		empty := film("empty", whole[:len(listing.Init)])
		film("nothere", nil)
		time.Sleep(lookEvery + time.Second)
		s.expect("complete 9s, complete 9s, complete 9s, complete 8s, forgotten 0s, lost 0s")
		for _, name := range []string{"whole", "noindex", "torn"} {
			s.length(name + ".mp4") // has an index
		}
		if _, err := s.archive.Open(t.Context(), empty.title()); !errors.Is(err, segments.ErrNotFound) {
			t.Errorf("an empty file: %v", err)
		}
	})
}

func TestStudioTidies(t *testing.T) {
	onSet(t, Config{}, func(s *set) {
		s.studio.Record(s.stream)
		s.play(5 * time.Second)
		s.studio.Stop("str_1")
		synctest.Wait()
		gone := s.books.films[0]
		s.books.mu.Lock()
		s.books.spent = []Film{gone}
		s.books.mu.Unlock()
		s.studio.Tidy()
		s.expect("forgotten 5s")
		if _, err := s.archive.Open(t.Context(), gone.title()); !errors.Is(err, segments.ErrNotFound) {
			t.Errorf("%v", err)
		}
		// A stream that is deleted while it is recorded.
		s.studio.Record(s.stream)
		s.play(3 * time.Second)
		s.books.mu.Lock()
		s.books.unwanted = true
		s.books.mu.Unlock()
		s.play(6 * time.Second)
		if _, err := s.archive.Open(t.Context(), s.books.films[1].title()); !errors.Is(err, segments.ErrNotFound) {
			t.Errorf("what nobody wants: %v", err)
		}
		s.studio.Stop("str_1")
		// Files that nobody knows.
		for _, name := range []string{"known.mp4", "unknown.mp4"} {
			if err := s.archive.Append(t.Context(), segments.Title{Stream: "str_2", Name: name}, 0, segments.Blob{[]byte("x")}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3 * time.Hour)
		for name, want := range map[string]error{"known.mp4": nil, "unknown.mp4": segments.ErrNotFound} {
			if _, err := s.archive.Open(t.Context(), segments.Title{Stream: "str_2", Name: name}); !errors.Is(err, want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

package stream

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"synctv/mediad/av"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ms = time.Millisecond

// The picture of these tests is a High profile of 64×64, the sound AAC-LC.
var (
	avcC = must(av.BuildAVCConfig([][]byte{{0x67, 0x64, 0x00, 0x0a, 0xac, 0xd9, 0x44, 0x26, 0x84, 0x00, 0x00, 0x03,
		0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x48, 0x96, 0x58}}, [][]byte{{0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0}}))
	avcC2 = must(av.BuildAVCConfig([][]byte{{0x67, 0x64, 0x00, 0x0a, 0xac, 0xd9, 0x44, 0x26, 0x84, 0x00, 0x00, 0x03,
		0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x48, 0x96, 0x58}}, [][]byte{{0x68, 0xeb, 0xec, 0xb2, 0x2c}}))
	asc = av.BuildAACConfig(48000, 2)
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func videoConfig() av.Packet {
	return av.Packet{Kind: av.Video, Codec: av.H264, Config: true, Data: avcC}
}

func audioConfig() av.Packet {
	return av.Packet{Kind: av.Audio, Codec: av.AAC, Config: true, Data: asc}
}

func video(at time.Duration, key bool) av.Packet {
	return av.Packet{Kind: av.Video, Codec: av.H264, Key: key, DTS: at, PTS: at, Data: make([]byte, 1000)}
}

func audio(at time.Duration) av.Packet {
	return av.Packet{Kind: av.Audio, Codec: av.AAC, Key: true, DTS: at, PTS: at, Data: make([]byte, 100)}
}

func newTest(c Config) *Stream { return newStream("s", c.withDefaults()) }

// publish opens a publisher that has sent its configuration.
func publish(t testing.TB, s *Stream) *Publisher {
	t.Helper()
	p, err := s.Publish(Offer{By: "test"})
	if err != nil {
		t.Fatal(err)
	}
	write(t, p, videoConfig(), audioConfig())
	return p
}

func write(t testing.TB, p *Publisher, packets ...av.Packet) {
	t.Helper()
	for _, pkt := range packets {
		if err := p.Write(pkt); err != nil {
			t.Fatal(err)
		}
	}
}

func reader(t testing.TB, s *Stream, o ReaderOptions) *Reader {
	t.Helper()
	r, err := s.Reader(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// all reads what there is.
func all(r *Reader) (items []*Item, err error) {
	var dst [7]*Item
	for {
		n, err := r.Poll(dst[:])
		items = append(items, dst[:n]...)
		if n == 0 || err != nil {
			return items, err
		}
	}
}

// script writes items as letters: C setup, K key frame, v picture, a sound, G gone,
// with ! in front for a discontinuity.
func script(items []*Item) string {
	var b strings.Builder
	for _, it := range items {
		if it.Packet.Discontinuity {
			b.WriteByte('!')
		}
		switch {
		case it.What == Setup:
			b.WriteByte('C')
		case it.What == Gone:
			b.WriteByte('G')
		case it.Packet.Kind == av.Audio:
			b.WriteByte('a')
		case it.Packet.Key:
			b.WriteByte('K')
		default:
			b.WriteByte('v')
		}
	}
	return b.String()
}

func TestReaderBeginsAtTheNewestKeyFrame(t *testing.T) {
	s := newTest(Config{})
	p := publish(t, s)
	first := reader(t, s, ReaderOptions{})
	write(t, p, video(0, true), audio(5*ms), video(40*ms, false), video(80*ms, true), audio(90*ms), video(120*ms, false))
	late, live := reader(t, s, ReaderOptions{}), reader(t, s, ReaderOptions{Live: true})
	write(t, p, audio(150*ms), video(160*ms, false), video(200*ms, true))

	for _, c := range []struct {
		name string
		r    *Reader
		want string
	}{
		{"there before", first, "KavKavavK"},
		{"came later", late, "KavavK"},
		{"wants the present only", live, "aK"},
	} {
		items, err := all(c.r)
		if got := script(items); got != c.want || err != nil {
			t.Errorf("%s: %s, %v, want %s", c.name, got, err, c.want)
		}
		if len(items) > 0 && len(items[0].Tracks) != 2 {
			t.Errorf("%s: first item knows %d tracks", c.name, len(items[0].Tracks))
		}
	}
}

// encoder 15: the wait for a picture ends.
func TestAudioOnlyBeginsWithinASecond(t *testing.T) {
	s := newTest(Config{})
	p, _ := s.Publish(Offer{})
	write(t, p, audioConfig())
	for at := time.Duration(0); at < 10*time.Second; at += 20 * ms {
		write(t, p, audio(at))
	}
	items, _ := all(reader(t, s, ReaderOptions{}))
	if n := len(items); n < 1 || n > 51 {
		t.Errorf("%d frames at the start, want up to a second of them", n)
	}
}

func TestSetup(t *testing.T) {
	other := videoConfig()
	other.Data = avcC2
	for _, c := range []struct {
		name    string
		packets []av.Packet
		want    string
		drops   Drops
	}{
		{"encoder 16: repeated configuration is one", []av.Packet{videoConfig(), video(0, true), videoConfig(), video(40*ms, true)}, "CKK", Drops{}},
		{"encoder 16: a changed one is a discontinuity", []av.Packet{videoConfig(), video(0, true), other, video(40*ms, true), video(80*ms, false)}, "CKC!Kv", Drops{}},
		{"encoder 15: late sound is not", []av.Packet{videoConfig(), video(0, true), audioConfig(), audio(10 * ms), video(40*ms, true)}, "CKCaK", Drops{}},
		{"frames before it are dropped", []av.Packet{video(0, true), audio(0), videoConfig(), video(40*ms, true)}, "CK", Drops{NoConfig: 2}},
		{"a broken one is dropped", []av.Packet{{Kind: av.Video, Codec: av.H264, Config: true, Data: []byte{1}}, videoConfig()}, "C", Drops{BadConfig: 1}},
		{"empty and giant packets", []av.Packet{videoConfig(), {Kind: av.Video, Codec: av.H264}, {Kind: av.Video, Codec: av.H264, Data: make([]byte, 5000)}}, "C",
			Drops{Empty: 1, TooLarge: 1}},
		{"encoder 10: a jump ahead", []av.Packet{videoConfig(), video(0, true), video(time.Hour, true), video(time.Hour+40*ms, false)}, "CK!Kv", Drops{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTest(Config{MaxPacket: 4000})
			r := reader(t, s, ReaderOptions{})
			p, _ := s.Publish(Offer{})
			write(t, p, c.packets...)
			items, err := all(r)
			if got := script(items); got != c.want || err != nil {
				t.Errorf("%s, %v, want %s", got, err, c.want)
			}
			if got := s.Stats().Drops; got != c.drops {
				t.Errorf("drops %+v, want %+v", got, c.drops)
			}
			last := time.Duration(-1)
			for _, it := range items {
				if it.What == Media && it.Packet.DTS > last+time.Second && last >= 0 {
					t.Errorf("time jumps from %v to %v", last, it.Packet.DTS)
				}
				last = it.Packet.DTS
			}
		})
	}
}

// encoder 20: a group of pictures of any length costs no more than the ring.
func TestRingIsCapped(t *testing.T) {
	for _, c := range []struct {
		name   string
		config Config
		key    time.Duration
		within func(Stats) bool
		entry  bool
	}{
		{"in bytes", Config{MaxBytes: 50_000}, time.Second, func(s Stats) bool { return s.CacheBytes <= 50_000 && s.CacheItems > 30 }, true},
		{"in time", Config{MaxTime: 2 * time.Second}, time.Second, func(s Stats) bool { return s.CacheTime <= 2*time.Second && s.CacheItems > 45 }, true},
		{"a group of pictures that does not fit", Config{MaxTime: 2 * time.Second}, time.Hour, func(s Stats) bool { return s.CacheTime <= 2*time.Second }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTest(c.config)
			p := publish(t, s)
			for at := time.Duration(0); at < 20*time.Second; at += 40 * ms {
				write(t, p, video(at, at%c.key == 0))
				if st := s.Stats(); at > 3*time.Second && !c.within(st) {
					t.Fatalf("at %v: %d bytes, %d items, %v", at, st.CacheBytes, st.CacheItems, st.CacheTime)
				}
			}
			items, err := all(reader(t, s, ReaderOptions{}))
			if begins := len(items) > 0 && items[0].starts(); err != nil || begins != c.entry {
				t.Errorf("%s, %v", script(items), err)
			}
			if !c.entry { // it begins with the next key frame
				r := reader(t, s, ReaderOptions{})
				write(t, p, audio(20*time.Second), video(20*time.Second, false), video(20*time.Second+40*ms, true))
				if items, _ := all(r); script(items) != "aK" {
					t.Errorf("then %s, want aK", script(items))
				}
			}
		})
	}
}

func TestSlowReader(t *testing.T) {
	clock := time.Unix(1e9, 0)
	s := newTest(Config{MaxTime: 5 * time.Second, MaxLag: 3 * time.Second, MaxJumps: 2, Now: func() time.Time { return clock }})
	p := publish(t, s)
	var at time.Duration
	more := func(d time.Duration) {
		for end := at + d; at < end; at += 40 * ms {
			clock = clock.Add(40 * ms)
			write(t, p, video(at, at%time.Second == 0))
		}
	}
	more(time.Second)
	r := reader(t, s, ReaderOptions{})
	one := make([]*Item, 1)
	for i, want := range []struct {
		wait  time.Duration
		skips uint64
		err   error
	}{
		{2 * time.Second, 0, nil}, // within MaxLag
		{2 * time.Second, 1, nil}, // behind
		{9 * time.Second, 2, nil}, // no longer held
		{9 * time.Second, 2, ErrSlow},
		{time.Second, 2, ErrSlow},
	} {
		more(want.wait)
		n, err := r.Poll(one)
		if !errors.Is(err, want.err) || r.Skips() != want.skips {
			t.Fatalf("step %d: %v, %d skips, want %v, %d", i, err, r.Skips(), want.err, want.skips)
		}
		if n == 1 && r.Skips() > 0 && !one[0].starts() {
			t.Fatalf("step %d: goes on in the middle of a group", i)
		}
	}
	if d := s.Stats().Drops; d.Slow != 1 || d.Jumps != 2 || d.Skipped == 0 {
		t.Errorf("drops %+v", d)
	}
	if v := s.Stats().Viewers; v != 0 {
		t.Errorf("%d viewers", v)
	}
	r = reader(t, s, ReaderOptions{}) // jumps are forgotten in time
	for range 6 {
		more(70 * time.Second)
		if _, err := r.Poll(one); err != nil {
			t.Fatal(err)
		}
	}
}

func TestClaim(t *testing.T) {
	idle := 5 * time.Second
	for _, c := range []struct {
		name       string
		policy     Policy
		h          holder
		generation uint64
		want       uint64
		err        error
	}{
		{"first", Refuse, holder{}, 0, 1, nil},
		{"first with a generation", Refuse, holder{}, 7, 7, nil},
		{"a polite one comes first", TakeOver, holder{}, 0, 1, nil},
		{"a polite one comes second", TakeOver, holder{generation: 3, active: true, silent: time.Hour}, 0, 0, ErrBusy},
		{"after a polite one, which gives way", Refuse, holder{generation: 3, active: true, polite: true}, 0, 4, nil},
		{"a polite one comes after a polite one", TakeOver, holder{generation: 3, active: true, polite: true}, 0, 0, ErrBusy},
		{"after another", Refuse, holder{generation: 7}, 0, 8, nil},
		{"the same generation again", TakeOver, holder{generation: 7}, 7, 0, ErrStale},
		{"an older generation", TakeOver, holder{generation: 7, active: true}, 6, 0, ErrStale},
		{"take over", TakeOver, holder{generation: 7, active: true}, 0, 8, nil},
		{"take over with a generation", TakeOver, holder{generation: 7, active: true}, 20, 20, nil},
		{"refuse", Refuse, holder{generation: 7, active: true, silent: time.Hour}, 0, 0, ErrBusy},
		{"take over if idle, busy", TakeOverIfIdle, holder{generation: 7, active: true, silent: idle - 1}, 0, 0, ErrBusy},
		{"take over if idle, idle", TakeOverIfIdle, holder{generation: 7, active: true, silent: idle}, 0, 8, nil},
	} {
		got, err := claim(Config{Policy: c.policy, Idle: idle}, c.h, c.generation, strings.Contains(c.name, "polite one comes"))
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %d, %v, want %d, %v", c.name, got, err, c.want, c.err)
		}
	}
}

// encoder 22: who comes again while the old connection seems open has the stream.
func TestTakeOver(t *testing.T) {
	s := newTest(Config{})
	old := publish(t, s)
	r := reader(t, s, ReaderOptions{})
	write(t, old, video(5*time.Second, true), audio(5*time.Second), video(5*time.Second+40*ms, false))
	young := publish(t, s)
	select {
	case <-old.Done():
	default:
		t.Fatal("the old publisher was not told")
	}
	if err := old.Write(video(5*time.Second+80*ms, false)); !errors.Is(err, ErrStale) || !errors.Is(old.Err(), ErrStale) {
		t.Errorf("old publisher: %v, %v", err, old.Err())
	}
	old.Close() // it does not end the young one
	write(t, young, video(0, false), audio(0), video(40*ms, true), audio(50*ms))
	items, err := all(r)
	if got, want := script(items), "CCKavGCCaKa"; strings.ReplaceAll(got, "!", "") != want[2:] || err != nil {
		t.Errorf("%s, %v, want %s", got, err, want[2:])
	}
	marks := 0
	for _, it := range items {
		if it.Packet.Discontinuity {
			marks++
		}
	}
	// The mark was on a picture before the key frame, which this reader does not see.
	if marks > 1 {
		t.Errorf("%d discontinuities", marks)
	}
	if !slices.IsSortedFunc(items, func(a, b *Item) int { return int(a.Packet.DTS - b.Packet.DTS) }) {
		t.Error("time goes back")
	}
	if st := s.Stats(); st.Takeovers != 1 || st.Generation != 2 || st.Drops.Stale != 1 {
		t.Errorf("%+v", st)
	}
}

func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		g := NewRegistry(RegistryConfig{})
		done := make(chan error, 1)
		go func() { done <- g.Run(ctx) }()
		s, err := g.Open("live")
		if err != nil {
			t.Fatal(err)
		}
		p := publish(t, s)
		write(t, p, video(0, true))
		r := reader(t, s, ReaderOptions{})
		ended := make(chan error, 1)
		var got []*Item
		go func() {
			for {
				it, err := r.Next(ctx)
				if err != nil {
					ended <- err
					return
				}
				got = append(got, it)
			}
		}()
		p.Close()
		time.Sleep(9 * time.Second)
		if state, _ := s.State(); state != Waiting {
			t.Errorf("%v after nine seconds", state)
		}
		p = publish(t, s)
		write(t, p, video(0, true))
		time.Sleep(29 * time.Second)
		if state, _ := s.State(); state != Live {
			t.Errorf("%v while it is silent", state)
		}
		time.Sleep(2 * time.Second) // stalled
		if state, _ := s.State(); state != Waiting || !errors.Is(p.Err(), ErrStalled) {
			t.Errorf("%v, %v after half a minute of silence", state, p.Err())
		}
		begin := time.Now()
		if err := <-ended; !errors.Is(err, io.EOF) {
			t.Errorf("reader ends with %v", err)
		}
		if d := time.Since(begin); d < 8*time.Second || d > 11*time.Second {
			t.Errorf("reader released after %v", d)
		}
		if script(got) != "KGCC!KG" {
			t.Errorf("it saw %s", script(got))
		}
		time.Sleep(31 * time.Second)
		if _, ok := g.Get("live"); ok {
			t.Error("nobody uses it, and it is still there")
		}
		if _, err := s.Publish(Offer{}); !errors.Is(err, ErrClosed) {
			t.Errorf("a forgotten stream takes a publisher: %v", err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestWake(t *testing.T) {
	s := newTest(Config{})
	p := publish(t, s)
	calls := 0
	r := reader(t, s, ReaderOptions{Wake: func() { calls++ }})
	write(t, p, video(0, true), video(40*ms, false))
	if calls != 0 {
		t.Error("woken before it found nothing")
	}
	if items, _ := all(r); script(items) != "Kv" {
		t.Errorf("%s", script(items))
	}
	write(t, p, video(80*ms, false), video(120*ms, false))
	if calls != 1 {
		t.Errorf("woken %d times for two items, want once", calls)
	}
}

func TestRegistry(t *testing.T) {
	g := NewRegistry(RegistryConfig{MaxStreams: 2, Stream: Config{MaxReaders: 1}})
	for _, c := range []struct {
		name string
		err  error
	}{
		{"a", nil}, {"room/b", nil}, {"a", nil}, {"c", ErrFull},
		{"", ErrName}, {"a b", ErrName}, {"a\nb", ErrName}, {"a\x00", ErrName}, {`a\b`, ErrName}, {"\xff", ErrName},
		{strings.Repeat("x", 300), ErrName},
	} {
		if _, err := g.Open(c.name); !errors.Is(err, c.err) {
			t.Errorf("%q: %v, want %v", c.name, err, c.err)
		}
	}
	s, _ := g.Get("a")
	r := reader(t, s, ReaderOptions{})
	if _, err := s.Reader(ReaderOptions{}); !errors.Is(err, ErrFull) {
		t.Errorf("second reader: %v", err)
	}
	reader(t, s, ReaderOptions{Internal: true})
	r.Close()
	r.Close()
	if _, err := r.Poll(make([]*Item, 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("closed reader: %v", err)
	}
	reader(t, s, ReaderOptions{})
	if st := g.Stats(); len(st) != 2 || st[0].Name != "a" || st[0].Viewers != 1 || st[0].ViewersEver != 2 {
		t.Errorf("%+v", st)
	}
}

// TestPace: an encoder, or a line, that is slower than what it sends.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		name  string
		every time.Duration // between frames that are 40 ms long
		last  time.Duration
		want  float64
	}{
		{"in time", 40 * ms, 20 * time.Second, 1},
		{"four fifths", 50 * ms, 20 * time.Second, 0.8},
		{"half", 80 * ms, 20 * time.Second, 0.5},
		{"catching up", 20 * ms, 20 * time.Second, 2},
		{"too short to know", 40 * ms, 3 * time.Second, 0},
	} {
		clock := time.Unix(1e9, 0)
		s := newTest(Config{Now: func() time.Time { return clock }})
		p := publish(t, s)
		for i := range int(c.last / c.every) {
			write(t, p, video(time.Duration(i)*40*ms, i%25 == 0))
			clock = clock.Add(c.every)
		}
		if got := s.Stats().Pace; math.Abs(got-c.want) > 0.03 {
			t.Errorf("%s: a pace of %v, want %v", c.name, got, c.want)
		}
		clock = clock.Add(10 * time.Second)
		if got := s.Stats().Pace; got != 0 {
			t.Errorf("%s, then silence: a pace of %v", c.name, got)
		}
	}
}

// TestRatesEarly: they are right from the start, also when that is late in a second, and after a pause.
func TestRatesEarly(t *testing.T) {
	clock := time.Unix(1e9, 0).Add(900 * ms)
	s := newTest(Config{Now: func() time.Time { return clock }})
	p := publish(t, s)
	for _, pause := range []time.Duration{0, time.Minute} {
		clock = clock.Add(pause).Truncate(time.Second).Add(900 * ms)
		for i := range 55 {
			write(t, p, video(clock.Sub(time.Unix(1e9, 0)), i%25 == 0))
			clock = clock.Add(40 * ms)
		}
		if st := s.Stats(); st.Bitrate != 25*8000 || st.FrameRate != 25 {
			t.Errorf("after %v: %d bit/s, %v frames/s", pause, st.Bitrate, st.FrameRate)
		}
	}
}

func TestRates(t *testing.T) {
	clock := time.Unix(1e9, 0)
	s := newTest(Config{Now: func() time.Time { return clock }})
	p := publish(t, s)
	for i := range 250 {
		write(t, p, video(time.Duration(i)*40*ms, i%25 == 0))
		clock = clock.Add(40 * ms)
	}
	st := s.Stats()
	if st.Bitrate != 25*8000 || st.FrameRate != 25 {
		t.Errorf("%d bit/s, %v frames/s", st.Bitrate, st.FrameRate)
	}
	if math.Abs(st.Pace-1) > 0.02 {
		t.Errorf("a pace of %v", st.Pace)
	}
	if st.KeyInterval != time.Second {
		t.Errorf("key frames %v apart", st.KeyInterval)
	}
	for i := range 60 { // without another one
		write(t, p, video(time.Duration(250+i)*40*ms, false))
	}
	if st := s.Stats(); st.KeyInterval != 84*40*ms {
		t.Errorf("no key frame since %v", st.KeyInterval)
	}
	if st.Frames != 250 || st.Publisher != "test" {
		t.Errorf("%+v", st)
	}
}

func TestBell(t *testing.T) {
	s := newTest(Config{})
	var rings []bool
	remove := s.Bell(func(urgent bool) { rings = append(rings, urgent) })
	other := 0
	s.Bell(func(bool) { other++ })
	p, _ := s.Publish(Offer{})
	for _, c := range []struct {
		name string
		pkt  av.Packet
		want []bool
	}{
		{"a change", audioConfig(), []bool{true}},
		{"sound that no picture follows", audio(0), []bool{true}},
		{"another change", videoConfig(), []bool{true}},
		{"a picture", video(0, true), []bool{true}},
		{"sound", audio(10 * ms), []bool{false}},
		{"what is not passed on", av.Packet{Kind: av.Audio, Codec: av.AAC}, nil},
	} {
		rings = nil
		write(t, p, c.pkt)
		if !slices.Equal(rings, c.want) {
			t.Errorf("%s: %v, want %v", c.name, rings, c.want)
		}
	}
	rings = nil
	p.Close()
	if !slices.Equal(rings, []bool{true}) {
		t.Errorf("the end: %v", rings)
	}
	remove()
	publish(t, s)
	if len(rings) != 1 || other < 8 {
		t.Errorf("%d rings after it was taken away, %d of another", len(rings), other)
	}
}

// TestParting: how long readers stay depends on how the publisher went, and one that comes meanwhile has them.
func TestParting(t *testing.T) {
	for _, c := range []struct {
		name   string
		end    func(*Publisher)
		stays  time.Duration
		comes  bool
		script string
	}{
		{"lost", (*Publisher).Close, 10 * time.Second, false, "KG"},
		{"done", (*Publisher).Finish, 500 * ms, false, "KG"},
		{"done twice", func(p *Publisher) { p.Finish(); p.Close() }, 500 * ms, false, "KG"},
		{"done, and here again", (*Publisher).Finish, 0, true, "KGCC!K"},
	} {
		clock := time.Unix(1e9, 0)
		s := newTest(Config{Now: func() time.Time { return clock }})
		p := publish(t, s)
		write(t, p, video(0, true))
		r := reader(t, s, ReaderOptions{})
		c.end(p)
		if c.comes {
			write(t, publish(t, s), video(0, true))
			s.tick(clock.Add(time.Second))
		}
		s.tick(clock.Add(c.stays - 1))
		items, err := all(r)
		if got := script(items); got != c.script || err != nil {
			t.Errorf("%s: %s, %v, want %s", c.name, got, err, c.script)
		}
		if c.comes {
			continue
		}
		s.tick(clock.Add(c.stays))
		if _, err := all(r); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v after %v", c.name, err, c.stays)
		}
	}
}

// Package cmaftest gives tests real media: what ffmpeg encodes, as packets, and
// what was written as MP4, read back.
package cmaftest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"synctv/mediad/av"
)

// Media is tracks, and their packets in the order in which a sender would send
// them: configurations first, then by DTS.
type Media struct {
	Tracks  []av.Track
	Packets []av.Packet
}

// Tool returns the path of a program. Without it the test is skipped, or fails if
// SYNCTV_TEST_REQUIRE is set.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("SYNCTV_TEST_REQUIRE") != "" {
		t.Fatalf("%s is not installed", name)
	} else if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// Encode has ffmpeg make media. args are its arguments but for the output: sources,
// codecs, durations.
func Encode(t testing.TB, args ...string) Media {
	t.Helper()
	file := filepath.Join(t.TempDir(), "media.mp4")
	all := append([]string{"-hide_banner", "-loglevel", "error", "-nostdin", "-y"}, args...)
	flags := "+frag_keyframe+empty_moov+default_base_moof"
	if slices.Contains(args, "libaom-av1") { // its configuration is known after the first frame
		flags += "+delay_moov"
	}
	all = append(all, "-movflags", flags, "-strict", "-2", file)
	if out, err := exec.Command(Tool(t, "ffmpeg"), all...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Demux(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Demux reads a fragmented MP4 file.
func Demux(b []byte) (Media, error) {
	f, err := mp4.DecodeFile(bytes.NewReader(b))
	if err != nil {
		return Media{}, err
	}
	if f.Init == nil {
		return Media{}, fmt.Errorf("no initialisation")
	}
	var m Media
	for _, trak := range f.Init.Moov.Traks {
		track, err := describe(trak)
		if err != nil {
			return Media{}, err
		}
		m.Tracks = append(m.Tracks, track)
		var packets []av.Packet
		for _, s := range f.Segments {
			for _, frag := range s.Fragments {
				trex, _ := f.Init.Moov.Mvex.GetTrex(trak.Tkhd.TrackID)
				for _, traf := range frag.Moof.Trafs {
					if traf.Tfhd.TrackID != trak.Tkhd.TrackID {
						continue
					}
					packets = append(packets, samples(frag, traf, trex, track, trak.Mdia.Mdhd.Timescale)...)
				}
			}
		}
		m.Packets = append(m.Packets, packets...)
	}
	slices.SortStableFunc(m.Packets, func(a, b av.Packet) int { return cmp.Compare(a.DTS, b.DTS) })
	if len(m.Packets) > 0 && m.Packets[0].DTS < 0 { // an edit list is not applied
		return Media{}, fmt.Errorf("time begins before zero")
	}
	var configs []av.Packet
	for _, t := range m.Tracks {
		if t.Codec.NeedsConfig() {
			configs = append(configs, av.Packet{Kind: t.Kind, Codec: t.Codec, Config: true, Data: t.Config})
		}
	}
	m.Packets = append(configs, m.Packets...)
	return m, nil
}

func samples(frag *mp4.Fragment, traf *mp4.TrafBox, trex *mp4.TrexBox, track av.Track, scale uint32) []av.Packet {
	var packets []av.Packet
	at := traf.Tfdt.BaseMediaDecodeTime()
	for _, trun := range traf.Truns {
		trun.AddSampleDefaultValues(traf.Tfhd, trex)
		start := int64(frag.Moof.StartPos) + int64(trun.DataOffset) - int64(frag.Mdat.PayloadAbsoluteOffset())
		for _, s := range trun.Samples {
			dts := toTime(int64(at), scale)
			packets = append(packets, av.Packet{
				Kind: track.Kind, Codec: track.Codec, Key: track.Kind == av.Audio || s.Flags&mp4.NonSyncSampleFlags == 0,
				DTS: dts, PTS: dts + toTime(int64(s.CompositionTimeOffset), scale),
				Data: frag.Mdat.Data[start : start+int64(s.Size)],
			})
			start += int64(s.Size)
			at += uint64(s.Dur)
		}
	}
	return packets
}

func toTime(n int64, scale uint32) time.Duration {
	return time.Duration(float64(n) / float64(scale) * 1e9)
}

// describe makes a track of the sample entry.
func describe(trak *mp4.TrakBox) (av.Track, error) {
	entry := trak.Mdia.Minf.Stbl.Stsd.Children[0]
	var b bytes.Buffer
	if err := entry.Encode(&b); err != nil {
		return av.Track{}, err
	}
	body := func(name string) []byte { // of a box inside the entry
		i := bytes.Index(b.Bytes(), []byte(name))
		if i < 4 {
			return nil
		}
		size := int(binary.BigEndian.Uint32(b.Bytes()[i-4:]))
		return b.Bytes()[i+4 : i-4+size]
	}
	switch entry.Type() {
	case "avc1":
		return av.Describe(av.H264, body("avcC"))
	case "hvc1", "hev1":
		return av.Describe(av.HEVC, body("hvcC"))
	case "av01":
		return av.Describe(av.AV1, body("av1C"))
	case "Opus":
		return av.Describe(av.Opus, body("dOps"))
	case "fLaC":
		return av.Describe(av.FLAC, body("dfLa")[4:])
	case "mp4a":
		d := entry.(*mp4.AudioSampleEntryBox).Esds.DecConfigDescriptor
		if d.ObjectType == 0x40 {
			return av.Describe(av.AAC, d.DecSpecificInfo.DecConfig)
		}
		e := entry.(*mp4.AudioSampleEntryBox)
		return av.Track{Kind: av.Audio, Codec: av.MP3, SampleRate: int(e.SampleRate), Channels: int(e.ChannelCount),
			FrameSize: 1152, MIME: "mp4a.40.34"}, nil
	}
	return av.Track{}, fmt.Errorf("sample entry %q", entry.Type())
}

// Fragment is one moof with its mdat, as mp4ff reads it.
type Fragment struct {
	Sequence uint32
	Time     uint64 // of its first sample
	Samples  []mp4.FullSample
}

// Duration returns the ticks of all samples.
func (f Fragment) Duration() (n uint64) {
	for _, s := range f.Samples {
		n += uint64(s.Dur)
	}
	return n
}

// Fragments reads parts, one behind the other.
func Fragments(b []byte) ([]Fragment, error) {
	f, err := mp4.DecodeFile(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	var all []Fragment
	for _, s := range f.Segments {
		for _, frag := range s.Fragments {
			samples, err := frag.GetFullSamples(&mp4.TrexBox{})
			if err != nil {
				return nil, err
			}
			all = append(all, Fragment{frag.Moof.Mfhd.SequenceNumber, frag.Moof.Traf.Tfdt.BaseMediaDecodeTime(), samples})
		}
	}
	return all, nil
}

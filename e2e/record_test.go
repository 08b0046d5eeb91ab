package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"synctv/internal/peertest"
)

type recordingJSON struct {
	ID         string
	State      string
	Title      string
	DurationMs float64 `json:"durationMs"`
	SizeBytes  float64 `json:"sizeBytes"`
	Width      int
	VideoCodec string `json:"videoCodec"`
	PlayURL    string `json:"playUrl"`
}

// recordings lists those of a stream, the oldest first.
func (s *liveServer) recordings(id string) []recordingJSON {
	s.t.Helper()
	var list struct{ Recordings []recordingJSON }
	s.admin.must("GET", "/api/v1/recordings?streamId="+id, nil, &list)
	for i, j := 0, len(list.Recordings)-1; i < j; i, j = i+1, j-1 {
		list.Recordings[i], list.Recordings[j] = list.Recordings[j], list.Recordings[i]
	}
	return list.Recordings
}

// recorded waits until n recordings are complete, and no other is being made.
func (s *liveServer) recorded(id string, n int, within time.Duration) (list []recordingJSON) {
	s.t.Helper()
	eventually(s.t, within, func() error {
		list = s.recordings(id)
		for _, r := range list {
			if r.State != "RECORDING_STATE_COMPLETE" {
				return fmt.Errorf("recordings: %+v", list)
			}
		}
		if len(list) != n {
			return fmt.Errorf("%d recordings, not %d: %+v", len(list), n, list)
		}
		return nil
	})
	return list
}

// lasts waits until the newest recording is so long, as far as others can see.
func (s *liveServer) lasts(id string, ms float64) {
	s.t.Helper()
	eventually(s.t, 60*time.Second, func() error {
		list := s.recordings(id)
		if len(list) == 0 || list[len(list)-1].DurationMs < ms {
			return fmt.Errorf("recordings: %+v", list)
		}
		return nil
	})
}

// checkFilm has ffprobe and ffmpeg read a file or an address, whole and from somewhere inside. It returns how long it is.
func checkFilm(t *testing.T, address string) time.Duration {
	t.Helper()
	out, err := command(t, 60*time.Second, "ffprobe", "-v", "error", "-show_entries", "format=duration:stream=codec_type", "-of", "json", address)
	var p struct {
		Format  struct{ Duration string }
		Streams []struct {
			Type string `json:"codec_type"`
		}
	}
	if err != nil || json.Unmarshal([]byte(out), &p) != nil || len(p.Streams) != 2 {
		t.Fatalf("ffprobe: %v\n%s", err, out)
	}
	seconds, _ := strconv.ParseFloat(p.Format.Duration, 64)
	if _, err := command(t, 60*time.Second, "ffmpeg", "-v", "error", "-xerror", "-i", address, "-f", "null", "-"); err != nil {
		t.Error(err)
	}
	if _, err := command(t, 60*time.Second, "ffmpeg", "-v", "error", "-xerror", "-ss", fmt.Sprint(seconds/2), "-i", address, "-frames:v", "3", "-f", "null", "-"); err != nil {
		t.Error(err)
	}
	return time.Duration(seconds * float64(time.Second))
}

// fetch gets an address with a Range, "" for none.
func fetch(t *testing.T, address, ranges string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ranges != "" {
		req.Header.Set("Range", ranges)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, data
}

// TestRecordingFromStartToRoom records a private stream on request, and plays it: for who manages it, and as an item of a
// room for who is there, and for nobody else.
func TestRecordingFromStartToRoom(t *testing.T) {
	t.Parallel()
	s := startLive(t)
	made := s.stream("VISIBILITY_PRIVATE")
	at := "/api/v1/streams/" + made.Stream.ID + "/recording"
	var f *failure
	if err := s.admin.call("POST", at, map[string]any{}, nil); !errors.As(err, &f) || f.Code != "conflict" {
		t.Errorf("a recording of nothing: %v", err)
	}
	e := s.onAir(made)
	s.admin.must("POST", at, map[string]any{}, nil)
	s.lasts(made.Stream.ID, 3000)
	running := s.recordings(made.Stream.ID)[0]
	if err := s.admin.call("DELETE", "/api/v1/recordings/"+running.ID, nil, nil); refusal(err) != "conflict" {
		t.Errorf("deleting what is being recorded: %v", err)
	}
	room := s.admin.createRoom(nil)
	media := "/api/v1/rooms/" + room.ID + "/media"
	add := func(c *client, id string) (string, error) {
		var added struct{ Media []struct{ ID, Title string } }
		err := c.call("POST", media, map[string]any{"media": []any{map[string]any{"provider": "recording", "url": id}}}, &added)
		if err != nil {
			return "", err
		}
		return added.Media[0].ID, nil
	}
	if _, err := add(s.admin, running.ID); refusal(err) != "conflict" {
		t.Errorf("showing what is being recorded: %v", err)
	}
	s.admin.must("DELETE", at, nil, nil)
	film := s.recorded(made.Stream.ID, 1, 15*time.Second)[0]
	if d := checkFilm(t, film.PlayURL); (d.Seconds()*1000-film.DurationMs) > 200 || film.Width != 320 || film.VideoCodec != "H.264" {
		t.Errorf("%v long, %+v", d, film)
	}
	checkRanges(t, film.PlayURL)

	member := s.register("member")
	if err := member.call("GET", "/api/v1/recordings/"+film.ID, nil, nil); refusal(err) != "not_found" {
		t.Errorf("a stranger hears of it: %v", err)
	}
	if _, err := add(s.guest(room.ID, "Guest", room.InviteCode), film.ID); refusal(err) != "invalid_argument" {
		t.Errorf("a guest shows what they may not see: %v", err)
	}
	item, err := add(s.admin, film.ID)
	if err != nil {
		t.Fatal(err)
	}
	guest := s.guest(room.ID, "Friend", room.InviteCode)
	var source struct {
		DurationMs float64
		Variants   []struct{ URL, Container string }
	}
	guest.must("GET", media+"/"+item+"/source", nil, &source)
	if len(source.Variants) != 1 || source.Variants[0].Container != "mp4" || source.DurationMs != film.DurationMs {
		t.Fatalf("%+v", source)
	}
	play := s.URL + source.Variants[0].URL
	checkFilm(t, play)
	path, _, _ := strings.Cut(play, "?")
	for name, bad := range map[string]string{"no token": path, "another token": path + "?token=rp_x.y", "a changed token": play + "x", "another recording": strings.Replace(play, film.ID, running.ID[:len(running.ID)-1]+"z", 1),
		"a stream's token": path + "?token=" + playToken(s, made.Stream.ID)} {
		if resp, data := fetch(t, bad, ""); resp.StatusCode != 401 || len(data) > 1000 {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
	// Who is sent away, or when the item goes, the address is good for nothing.
	s.admin.must("DELETE", media+"/"+item, nil, nil)
	if resp, _ := fetch(t, play, ""); resp.StatusCode != 401 {
		t.Errorf("without the item: %d", resp.StatusCode)
	}
	s.admin.must("DELETE", "/api/v1/recordings/"+film.ID, nil, nil)
	if resp, _ := fetch(t, film.PlayURL, ""); resp.StatusCode != 404 {
		t.Errorf("a deleted recording: %d", resp.StatusCode)
	}
	eventually(t, 15*time.Second, func() error {
		if files, _ := filepath.Glob(filepath.Join(s.dir, "recordings", "*", "*")); len(files) > 0 {
			return fmt.Errorf("there are still %v", files)
		}
		return nil
	})
	e.quit()
}

func playToken(s *liveServer, id string) string {
	s.t.Helper()
	var token struct{ Token string }
	s.admin.must("POST", "/api/v1/streams/"+id+"/tokens", map[string]any{}, &token)
	return token.Token
}

// checkRanges reads a file whole and in pieces.
func checkRanges(t *testing.T, address string) {
	t.Helper()
	resp, all := fetch(t, address, "")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "video/mp4" || resp.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("whole: %d %v", resp.StatusCode, resp.Header)
	}
	for _, c := range []struct {
		ranges   string
		from, to int
	}{{"bytes=0-0", 0, 1}, {"bytes=100-1999", 100, 2000}, {"bytes=5000-", 5000, len(all)}, {"bytes=-77", len(all) - 77, len(all)}} {
		resp, data := fetch(t, address, c.ranges)
		if resp.StatusCode != 206 || string(data) != string(all[c.from:c.to]) {
			t.Errorf("%s: %d, %d bytes", c.ranges, resp.StatusCode, len(data))
		}
	}
	if resp, _ := fetch(t, address, "bytes="+fmt.Sprint(len(all))+"-"); resp.StatusCode != 416 {
		t.Errorf("behind the end: %d", resp.StatusCode)
	}
}

// TestRecordingSurvivesACrash kills the server -9 while it records. What remains plays as it lies in the folder; after a
// restart it is complete, and lacks no more than the last fragment.
func TestRecordingSurvivesACrash(t *testing.T) {
	t.Parallel()
	s := startLive(t, fixedPort(t))
	made := s.stream("VISIBILITY_UNLISTED")
	s.admin.must("PATCH", "/api/v1/streams/"+made.Stream.ID, map[string]any{"record": true}, nil)
	e := s.onAir(made)
	s.lasts(made.Stream.ID, 3000)
	time.Sleep(1300 * time.Millisecond) // in the middle of a fragment
	var live struct {
		LiveSinceMs float64 `json:"liveSinceMs"`
	}
	s.admin.must("GET", "/api/v1/streams/"+made.Stream.ID, nil, &live)
	published := time.Since(time.UnixMilli(int64(live.LiveSinceMs)))
	s.kill()
	e.kill()
	parts, _ := filepath.Glob(filepath.Join(s.dir, "recordings", "*", "*.mp4.part"))
	if len(parts) != 1 {
		t.Fatalf("there are %v", parts)
	}
	left := checkFilm(t, parts[0])
	s.start()
	film := s.recorded(made.Stream.ID, 1, 60*time.Second)[0]
	whole := checkFilm(t, film.PlayURL)
	t.Logf("published for %v; %v were in the folder after the crash, %v plays", published, left, whole)
	// A fragment is 2 s, and ends at the next key frame, which are 1 s apart; encoder and network have a little too.
	if whole < published-4*time.Second || whole > published+time.Second {
		t.Errorf("published for %v, and %v are left", published, whole)
	}
	checkRanges(t, film.PlayURL)
}

// TestRecordingGoesOn: a publisher that comes back in time goes on in the same file, another picture size begins another
// one, and so does the end of the time for one.
func TestRecordingGoesOn(t *testing.T) {
	t.Parallel()
	s := startLive(t, "SYNCTV_LIVESTREAM_RECORD_MAX_DURATION=20s")
	made := s.stream("VISIBILITY_UNLISTED")
	s.admin.must("PATCH", "/api/v1/streams/"+made.Stream.ID, map[string]any{"record": true}, nil)
	id := made.Stream.ID
	e := s.onAir(made)
	s.lasts(id, 2000)
	e.kill()
	e = s.onAir(made)
	s.lasts(id, 5000)
	if list := s.recordings(id); len(list) != 1 {
		t.Errorf("the publisher came back, and there are %d recordings", len(list))
	}
	e.kill()
	large := append([]string(nil), testPicture...)
	large[4] = "testsrc=size=640x360:rate=25"
	e = s.encode(s.rtmp+"/"+made.Key.Secret, large...)
	eventually(t, 30*time.Second, func() error {
		if list := s.recordings(id); len(list) != 2 || list[1].DurationMs < 3000 {
			return fmt.Errorf("another picture size: %+v", list)
		}
		return nil
	})
	eventually(t, 60*time.Second, func() error { // and another one when it is long enough
		if list := s.recordings(id); len(list) != 3 {
			return fmt.Errorf("%+v", list)
		}
		return nil
	})
	s.lasts(id, 2000)
	e.quit()
	list := s.recorded(id, 3, 40*time.Second)
	if list[0].Width != 320 || list[1].Width != 640 || list[2].Width != 640 {
		t.Errorf("%+v", list)
	}
	if d := list[1].DurationMs; d < 19_000 || d > 22_000 {
		t.Errorf("it is %v ms long, not 20 s", d)
	}
	for _, r := range list {
		if d := checkFilm(t, r.PlayURL); (d.Seconds()*1000 - r.DurationMs) > 300 {
			t.Errorf("%v long, %+v", d, r)
		}
	}
}

// TestRecordingInAnObjectStore: the same with recordings in a bucket.
func TestRecordingInAnObjectStore(t *testing.T) {
	t.Parallel()
	b := peertest.S3(t)
	s := startLive(t, "SYNCTV_LIVESTREAM_RECORD_STORE=s3", "SYNCTV_LIVESTREAM_S3_ENDPOINT="+b.Endpoint, "SYNCTV_LIVESTREAM_S3_BUCKET="+b.Bucket,
		"SYNCTV_LIVESTREAM_S3_ACCESS_KEY="+b.Access, "SYNCTV_LIVESTREAM_S3_SECRET_KEY="+b.Secret, "SYNCTV_LIVESTREAM_RECORD_S3_PREFIX=recordings-of-"+freePort(t),
		"SYNCTV_LIVESTREAM_RECORD_FRAGMENT=1s", fixedPort(t))
	made := s.stream("VISIBILITY_UNLISTED")
	s.admin.must("PATCH", "/api/v1/streams/"+made.Stream.ID, map[string]any{"record": true}, nil)
	e := s.onAir(made)
	s.lasts(made.Stream.ID, 4000)
	s.kill()
	e.kill()
	s.start()
	film := s.recorded(made.Stream.ID, 1, 60*time.Second)[0]
	if d := checkFilm(t, film.PlayURL); d < 4*time.Second {
		t.Errorf("%v are left of more than 4 s", d)
	}
	checkRanges(t, film.PlayURL)
	s.admin.must("DELETE", "/api/v1/recordings/"+film.ID, nil, nil)
	if resp, _ := fetch(t, film.PlayURL, ""); resp.StatusCode != 404 {
		t.Errorf("a deleted recording: %d", resp.StatusCode)
	}
}

package coord

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"synctv/internal/peertest"
)

// bucket is the model: a token bucket counted in whole microseconds of credit, written without looking at gcra.
type bucket struct {
	burst, per int64
	credit     int64 // microseconds' worth of tokens, at most burst*per
	at         int64
}

func newBucket(burst, per, now int64) *bucket { return &bucket{burst, per, burst * per, now} }

func (b *bucket) allow(cost, now int64) (ok bool, retry int64) {
	b.credit = min(b.credit+now-b.at, b.burst*b.per)
	b.at = now
	need := max(cost, 1) * b.per
	if b.credit < need {
		return false, need - b.credit
	}
	b.credit -= cost * b.per
	return true, 0
}

func TestLocalLimiterIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		burst := rapid.Int64Range(1, 20).Draw(t, "burst")
		per := rapid.Int64Range(1, 1_000_000).Draw(t, "per")
		now := rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "begin")
		cfg := LocalConfig{MaxEntries: 10, MaxBytes: 10_000}
		l := newLocalLimiter(cfg, func() int64 { return now })
		model := newBucket(burst, per, now)
		for i := range rapid.IntRange(1, 60).Draw(t, "requests") {
			now += rapid.Int64Range(0, 3*per).Draw(t, "wait")
			if rapid.Bool().Draw(t, "sweep") {
				l.t.sweep()
			}
			cost := rapid.Int64Range(0, burst).Draw(t, "cost")
			ok, retry, err := l.Allow(context.Background(), "k", int(burst), time.Duration(per)*time.Microsecond, int(cost))
			wantOK, wantRetry := model.allow(cost, now)
			if err != nil || ok != wantOK || retry != time.Duration(wantRetry)*time.Microsecond {
				t.Fatalf("request %d, cost %d: %v, %v, %v; want %v, %d us", i, cost, ok, retry, err, wantOK, wantRetry)
			}
		}
	})
}

// TestRedisLimiterIsExact compares the script with the model at the times the script says it saw.
func TestRedisLimiterIsExact(t *testing.T) {
	url := peertest.Redis(t)
	r, err := NewRedis(RedisConfig{URL: url, Prefix: peertest.Prefix(t), NodeID: "n", Key: bytes.Repeat([]byte("k"), 32)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.link.client.Close()
	ctx := t.Context()
	key := 0
	rapid.Check(t, func(t *rapid.T) {
		key++
		name := fmt.Sprint(key)
		want := rate{
			burst: rapid.Int64Range(1, 20).Draw(t, "burst"),
			per:   rapid.SampledFrom([]int64{1, 50, 200, 1000, 20_000, 3_600_000_000}).Draw(t, "per"),
		}
		var model *bucket
		for i := range rapid.IntRange(1, 30).Draw(t, "requests") {
			want.cost = rapid.Int64Range(0, want.burst).Draw(t, "cost")
			ok, retry, now, err := r.Limiter.ask(ctx, "test", name, want)
			if err != nil {
				t.Fatal(err)
			}
			if model == nil {
				model = newBucket(want.burst, want.per, now)
			}
			wantOK, wantRetry := model.allow(want.cost, now)
			if ok != wantOK || retry.Microseconds() != wantRetry {
				t.Fatalf("request %d, %+v: %v, %v; want %v, %d us", i, want, ok, retry, wantOK, wantRetry)
			}
		}
	})
}

func TestGCRA(t *testing.T) {
	for _, c := range []struct {
		name     string
		r        rate
		tat, now int64
		next     int64
		ok       bool
		retry    int64
	}{
		{"first", rate{5, 10, 1}, 0, 1000, 1010, true, 0},
		{"whole burst", rate{5, 10, 5}, 0, 1000, 1050, true, 0},
		{"empty", rate{5, 10, 1}, 1050, 1000, 1050, false, 10},
		{"just refilled", rate{5, 10, 1}, 1050, 1010, 1060, true, 0},
		{"one microsecond early", rate{5, 10, 1}, 1050, 1009, 1050, false, 1},
		{"asking costs nothing", rate{5, 10, 0}, 1040, 1000, 1040, true, 0},
		{"asking an empty bucket", rate{5, 10, 0}, 1050, 1000, 1050, false, 10},
		{"a clock set back locks nobody out", rate{5, 10, 1}, 9_000_000, 1000, 1050, false, 10},
		{"long idle", rate{5, 10, 1}, 1, 9_000_000, 9_000_010, true, 0},
	} {
		next, ok, retry := c.r.gcra(c.tat, c.now)
		if next != c.next || ok != c.ok || retry != c.retry {
			t.Errorf("%s: %d, %v, %d; want %d, %v, %d", c.name, next, ok, retry, c.next, c.ok, c.retry)
		}
	}
}

func TestStricter(t *testing.T) {
	for _, c := range []struct{ r, want rate }{
		{rate{20, 100, 1}, rate{5, 400, 1}},
		{rate{3, 100, 1}, rate{1, 400, 1}},
		{rate{20, 100, 18}, rate{18, 400, 18}},
		{rate{1, 100, 0}, rate{1, 400, 0}},
	} {
		if got := c.r.stricter(); got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.r, got, c.want)
		}
	}
}

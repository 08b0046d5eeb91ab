package run

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestGroupStopsInReverse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		part := func(name string) Part {
			return Part{Name: name, Run: func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(time.Second)
				order = append(order, name)
				return nil
			}}
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		if err := New(slog.New(slog.DiscardHandler), part("store"), part("app"), part("door")).Run(ctx); err != nil {
			t.Fatal(err)
		}
		if want := []string{"door", "app", "store"}; !slices.Equal(order, want) {
			t.Errorf("stopped in order %v, want %v", order, want)
		}
	})
}

func TestGroupReportsWhatFails(t *testing.T) {
	for _, c := range []struct {
		name string
		part Part
		want string
	}{
		{"a part fails", Part{Name: "door", Run: func(context.Context) error { return errors.New("no port") }}, "door: no port"},
		{"a part ends by itself", Part{Name: "door", Run: func(context.Context) error { return nil }}, "door: ended by itself"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calm := Part{Name: "app", Run: func(ctx context.Context) error { <-ctx.Done(); return nil }}
				err := New(slog.New(slog.DiscardHandler), calm, c.part).Run(t.Context())
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
}

func TestGroupGivesUpOnAPartThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		hang := Part{Name: "door", Stop: time.Second, Run: func(context.Context) error { <-release; return nil }}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := New(slog.New(slog.DiscardHandler), hang).Run(ctx)
		close(release)
		if err == nil || !strings.Contains(err.Error(), "did not stop within 1s") {
			t.Errorf("got %v", err)
		}
	})
}

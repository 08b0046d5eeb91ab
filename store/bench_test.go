package store

import (
	"fmt"
	"sync/atomic"
	"testing"

	"synctv/app"
	"synctv/internal/peertest"
	"synctv/store/internal/db"
)

// benches are the engines to measure. The PostgreSQL of peertest does not wait for the disk; to measure one that does,
// name it in SYNCTV_TEST_POSTGRES_URL.
var benches = []struct {
	name string
	cfg  func(testing.TB) db.Config
}{
	{"sqlite", func(tb testing.TB) db.Config { return db.Config{URL: engines[0].url(tb)} }},
	{"sqlite-alone", func(tb testing.TB) db.Config { return db.Config{URL: engines[0].url(tb), NoGroupCommit: true} }},
	{"postgres", func(tb testing.TB) db.Config { return db.Config{URL: peertest.Postgres(tb)} }},
}

func eachBench(b *testing.B, run func(*testing.B, *Store)) {
	for _, e := range benches {
		b.Run(e.name, func(b *testing.B) {
			s, err := open(b.Context(), e.cfg(b))
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			run(b, s)
		})
	}
}

// BenchmarkSay is a chat message with its event: one durable transaction. One person, and sixteen in as many rooms.
func BenchmarkSay(b *testing.B) {
	for _, people := range []int{1, 16, 128} {
		b.Run(fmt.Sprint(people), func(b *testing.B) {
			eachBench(b, func(b *testing.B, s *Store) {
				rooms := make([]app.Room, people)
				for i := range rooms {
					rooms[i] = testRoom(b, s, fmt.Sprint("r", i))
				}
				var person, n atomic.Int64
				b.SetParallelism((people + 1) / 2) // of GOMAXPROCS, which is 2 where this is read
				if people == 1 {
					for b.Loop() {
						if err := say(b.Context(), s, rooms[0].ID, fmt.Sprint(n.Add(1))); err != nil {
							b.Fatal(err)
						}
					}
				} else {
					b.RunParallel(func(pb *testing.PB) {
						room := rooms[int(person.Add(1))%people].ID
						for pb.Next() {
							if err := say(b.Context(), s, room, fmt.Sprint(n.Add(1))); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
				if st := s.Stats(); st.Commits > 0 {
					b.ReportMetric(float64(st.Transactions)/float64(st.Commits), "per-commit")
				}
			})
		})
	}
}

// BenchmarkOneRoom is sixteen people in one room.
func BenchmarkOneRoom(b *testing.B) {
	eachBench(b, func(b *testing.B, s *Store) {
		room := testRoom(b, s, "r")
		var n atomic.Int64
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := say(b.Context(), s, room.ID, fmt.Sprint(n.Add(1))); err != nil {
					b.Error(err)
					return
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	})
}

// BenchmarkRead is what a request asks first: the room and the caller's standing in it.
func BenchmarkRead(b *testing.B) {
	eachBench(b, func(b *testing.B, s *Store) {
		r := testRoom(b, s, "r")
		read := func() error {
			if _, err := s.Room(b.Context(), r.ID); err != nil {
				return err
			}
			_, err := s.Member(b.Context(), r.ID, app.PersonID(r.OwnerID))
			return err
		}
		b.Run("serial", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("parallel", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := read(); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	})
}

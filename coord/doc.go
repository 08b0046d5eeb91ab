// Package coord is what the nodes of a cluster share beside the database: a bus, presence, expiring keys, rate limits, leases
// and one clock. There are two implementations of the same contracts: [Local], in the memory of one process, and [Redis],
// over a Redis server. Package coordtest states the contracts as interfaces and proves both with one suite.
//
// # What may be expected
//
// Everything here is lossy by design. No promise to a user may rest on it alone: what was acknowledged lies in the database,
// and the bus only says that something is new. A fencing number from a lease is a hint; the one that decides about a write is
// kept in the database, in the transaction of the write.
//
// The Redis server is trusted to keep order and memory, not to keep secrets or to speak for us: a message on the bus counts
// only with a MAC made from the cluster's key. Keys, presence, limits and leases carry none; whoever can write to them can disturb the
// cluster, so the app gives no permission because of them alone.
//
// # Life
//
// [NewLocal] and [NewRedis] validate and open nothing. Two calls block and own all goroutines: Run of the whole (clock,
// expiry, health) and Run of its Bus (delivery). Ready returns once the clock is anchored; do not read the clock before.
//
//	cellar, err := coord.NewRedis(cfg)
//	go cellar.Run(ctx)
//	err = cellar.Ready(ctx)
//	go cellar.Bus.Run(ctx, receive, resync)
//
// # Time
//
// Expiry and rates run on the monotonic clock of the process (Local) or on the clock of the Redis server: a node whose wall
// clock is wrong by an hour behaves like any other.
package coord

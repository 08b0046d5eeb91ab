package reactor

import "sync/atomic"

// Group is a set of connections that receive the same frames: a room. Each
// shard owns its own part of the set. A group needs no closing; connections
// leave it when they end. It is safe for concurrent use.
type Group struct {
	shards []*shard
	parts  []groupPart // one per shard
}

// groupPart is one shard's part of a group, padded to a cache line of its own.
type groupPart struct {
	// interest counts members and joins still in the inbox. It is raised when
	// a join is posted, so that a broadcast by the same goroutine cannot skip
	// the shard that will be joined.
	interest atomic.Int64
	woken    atomic.Bool // a wake is in the inbox
	members  []*Conn     // owned by the shard
	_        [28]byte
}

// membership is a connection's place in a group, owned by its shard.
type membership struct {
	g     *Group
	index int // in members
}

// NewGroup makes an empty group.
func (r *Reactor) NewGroup() *Group {
	return &Group{shards: r.shards, parts: make([]groupPart, len(r.shards))}
}

// Join adds c, which must belong to the group's reactor. Joining twice is
// joining once.
func (g *Group) Join(c *Conn) {
	p := &g.parts[c.shard.index]
	p.interest.Add(1)
	if !c.shard.post(op{kind: opJoin, conn: c, group: g}) {
		p.interest.Add(-1)
	}
}

// Leave removes c. Leaving a group one is not in does nothing.
func (g *Group) Leave(c *Conn) { c.shard.post(op{kind: opLeave, conn: c, group: g}) }

// Size returns the number of members, counting joins under way.
func (g *Group) Size() int {
	n := int64(0)
	for i := range g.parts {
		n += g.parts[i].interest.Load()
	}
	return int(n)
}

// Broadcast queues f for every member whose mask lets it through, each in its
// own variant. It costs one post per shard that has members.
func (g *Group) Broadcast(f *Frame) {
	for i, s := range g.shards {
		if g.parts[i].interest.Load() > 0 {
			s.post(op{kind: opGroup, group: g, frame: f})
		}
	}
}

// Wake calls Wake of every member that is a [Waker]. It costs one post per shard
// that has members, and none at all while the one before still waits: what a
// caller did before Wake, every member sees in its next call.
func (g *Group) Wake() {
	for i, s := range g.shards {
		p := &g.parts[i]
		if p.interest.Load() > 0 && p.woken.CompareAndSwap(false, true) && !s.post(op{kind: opWake, group: g}) {
			p.woken.Store(false)
		}
	}
}

// wake runs on the shard. A member that fails leaves meanwhile, and the last one,
// which had its turn, takes its place.
func (g *Group) wake(s *shard) int {
	p := &g.parts[s.index]
	p.woken.Store(false)
	n := len(p.members)
	for i := n - 1; i >= 0; i-- {
		if i < len(p.members) {
			s.wake(p.members[i])
		}
	}
	return 1 + n
}

// join runs on the shard.
func (g *Group) join(c *Conn) {
	p := &g.parts[c.shard.index]
	if c.state != stateOpen || g.place(c) >= 0 {
		p.interest.Add(-1)
		return
	}
	c.groups = append(c.groups, membership{g: g, index: len(p.members)})
	p.members = append(p.members, c)
	c.shard.wake(c)
}

// leave runs on the shard. The last member takes the place of the leaving one.
func (g *Group) leave(c *Conn) {
	k := g.place(c)
	if k < 0 {
		return
	}
	p := &g.parts[c.shard.index]
	i, last := c.groups[k].index, len(p.members)-1
	if i != last {
		moved := p.members[last]
		p.members[i] = moved
		moved.groups[g.place(moved)].index = i
	}
	p.members[last] = nil
	p.members = p.members[:last]
	c.groups[k] = c.groups[len(c.groups)-1]
	c.groups[len(c.groups)-1] = membership{}
	c.groups = c.groups[:len(c.groups)-1]
	p.interest.Add(-1)
}

// place returns the index in c.groups of its membership in g, or -1.
func (g *Group) place(c *Conn) int {
	for k := range c.groups {
		if c.groups[k].g == g {
			return k
		}
	}
	return -1
}

package app

import (
	"context"
	"time"
)

// limitManaging bounds how often a person changes a room, who is in it, or what is theirs: everybody concerned is told each time.
func (a *App) limitManaging(ctx context.Context, by Actor) error {
	return a.limit(ctx, "manage:"+string(by.person), 60, 250*time.Millisecond, "Too many changes. Wait a moment.")
}

// limitStreamChanges is the same for streams: every node is told.
func (a *App) limitStreamChanges(ctx context.Context, by Actor) error {
	return a.limit(ctx, "streams:"+string(by.person), 60, 250*time.Millisecond, "Too many changes. Wait a moment.")
}

// limitHashing bounds the passwords of rooms that a person has hashed. It is what signing in waits behind.
func (a *App) limitHashing(ctx context.Context, by Actor) error {
	return a.limit(ctx, "hash:"+string(by.person), 10, 10*time.Second, "Too many new passwords. Wait a little.")
}

// limitResolving bounds how many addresses a person has made.
func (a *App) limitResolving(ctx context.Context, by Actor) error {
	return a.limit(ctx, "resolve:"+string(by.person), 200, 100*time.Millisecond, "Too many addresses at once. Wait a moment.")
}

// limitListing bounds how often lists that everybody may see are made for one network: each costs many looks into the store.
func (a *App) limitListing(ctx context.Context, from Origin) error {
	return a.limit(ctx, "list:"+network(from.Address), 120, 100*time.Millisecond, "Too many lists at once. Wait a moment.")
}

// Package migrations is the schema of the database, as numbered SQL files.
//
// The files are append-only: a file that was released is never edited, because somewhere it has run already. Each runs
// once, in one transaction, in order of its number. There is no way down: an operator who wants to go back restores a
// backup.
//
// One text serves PostgreSQL and SQLite, so a file keeps to what both understand alike:
//
//   - Times and spans are BIGINT microseconds, identifiers are TEXT, flags are BOOLEAN, documents are JSON in TEXT.
//   - What must sort byte by byte in every locale, and is not an identifier of ours, is BYTEA.
//   - What must compare without regard to case is folded by the program into a column of its own: the two engines
//     do not agree on lower() outside ASCII.
//   - Unique indexes have names; the store translates them into errors about a field.
//   - No statement that PostgreSQL refuses inside a transaction (CREATE INDEX CONCURRENTLY): the lock that makes
//     replicas wait for each other would make it wait for ever.
package migrations

import "embed"

// FS holds the files.
//
//go:embed *.sql
var FS embed.FS

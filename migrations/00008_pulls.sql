-- Streams whose source is elsewhere: this server receives it while somebody watches.
--
-- pull_url is '' for a stream that has none; it may hold a secret. for_items says that the stream was made for items of its
-- room: it has no keys, and goes with the last of them.

-- +goose Up
ALTER TABLE streams ADD COLUMN pull_url TEXT NOT NULL DEFAULT '';
ALTER TABLE streams ADD COLUMN for_items BOOLEAN NOT NULL DEFAULT FALSE;

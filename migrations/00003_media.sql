-- The media tree of a room: items and folders.
--
-- parent_id '' is the root, so it cannot be a foreign key; the program deletes a folder with all in it.
-- order_key sorts siblings byte by byte, whatever the locale of the database: hence BYTEA.
-- meta is one document: what providers say grows faster than a schema should.

-- +goose Up
CREATE TABLE media (
    room_id       TEXT   NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    id            TEXT   NOT NULL,
    parent_id     TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    order_key     BYTEA  NOT NULL,
    title         TEXT   NOT NULL,
    provider      TEXT   NOT NULL,
    url           TEXT   NOT NULL,
    delivery      TEXT   NOT NULL,
    duration_ms   DOUBLE PRECISION NOT NULL,
    meta          TEXT   NOT NULL,
    added_by      TEXT   NOT NULL,
    added_by_name TEXT   NOT NULL,
    created       BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    PRIMARY KEY (room_id, id)
);
CREATE INDEX media_siblings ON media (room_id, parent_id, order_key, id);

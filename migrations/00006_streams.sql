-- Live streams and the keys to publish them.
--
-- A stream belongs to an account, and to a room or to none: hence NULL. It goes with either.
-- Whether somebody publishes now is not here: that is known to the nodes, and may be lost.
-- Of a key only a hash is kept; who reads the database cannot publish. expires, used and revoked are 0 for never.

-- +goose Up
CREATE TABLE streams (
    id           TEXT   NOT NULL PRIMARY KEY,
    owner_id     TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    room_id      TEXT            REFERENCES rooms (id) ON DELETE CASCADE,
    title        TEXT   NOT NULL,
    visibility   TEXT   NOT NULL,
    created      BIGINT NOT NULL,
    tokens_after BIGINT NOT NULL, -- play tokens issued then or before are useless
    version      BIGINT NOT NULL
);
CREATE INDEX streams_owner ON streams (owner_id, created, id);
CREATE INDEX streams_room ON streams (room_id, created, id) WHERE room_id IS NOT NULL;
CREATE INDEX streams_visible ON streams (visibility, created, id);

CREATE TABLE publish_keys (
    id         TEXT    NOT NULL PRIMARY KEY,
    stream_id  TEXT    NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    hash       BYTEA   NOT NULL,
    label      TEXT    NOT NULL,
    created    BIGINT  NOT NULL,
    expires    BIGINT  NOT NULL,
    used       BIGINT  NOT NULL,
    single_use BOOLEAN NOT NULL,
    revoked    BIGINT  NOT NULL
);
CREATE INDEX publish_keys_stream ON publish_keys (stream_id, created, id);
CREATE INDEX publish_keys_expires ON publish_keys (expires) WHERE expires > 0;
CREATE INDEX publish_keys_revoked ON publish_keys (revoked) WHERE revoked > 0;

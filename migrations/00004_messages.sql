-- Chat, and the danmaku among it.
--
-- client_id is the sender's own name for a message. It is unique per sender, so a retry of a message that did arrive
-- finds it instead of saying it twice. '' is no name.
-- History is read by the number of the event that made the message: that is the one order all people saw.
-- The danmaku columns are NULL for plain chat; danmaku is read by place in the film.

-- +goose Up
CREATE TABLE messages (
    room_id       TEXT    NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    id            TEXT    NOT NULL,
    seq           BIGINT  NOT NULL,
    person_id     TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    text          TEXT    NOT NULL,
    created       BIGINT  NOT NULL,
    edited        BIGINT  NOT NULL,
    deleted       BOOLEAN NOT NULL,
    client_id     TEXT    NOT NULL,
    danmaku_lane  TEXT,
    danmaku_color BIGINT,
    danmaku_media TEXT,
    danmaku_pos   DOUBLE PRECISION, -- milliseconds
    PRIMARY KEY (room_id, id)
);
CREATE UNIQUE INDEX messages_client ON messages (room_id, person_id, client_id) WHERE client_id <> '';
CREATE INDEX messages_newest ON messages (room_id, seq, id);
CREATE INDEX messages_danmaku ON messages (room_id, danmaku_media, danmaku_pos, id) WHERE danmaku_media IS NOT NULL;

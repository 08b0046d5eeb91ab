-- Recordings of live streams: what is known of each file. The files are where the operator wants them.
--
-- A recording outlives its stream for as long as its file is not removed yet: stream_id is NULL then, and nobody sees it.
-- file says where the file is, whatever became of the stream. seen is when somebody last wrote to it: a recording that is being
-- made and was not seen for a while is one whose server died. record_ask and record_asked are what somebody wanted of one
-- broadcast, and when; record is what is wanted of every one.

-- +goose Up
ALTER TABLE streams ADD COLUMN record BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE streams ADD COLUMN record_ask TEXT NOT NULL DEFAULT '';
ALTER TABLE streams ADD COLUMN record_asked BIGINT NOT NULL DEFAULT 0;

CREATE TABLE recordings (
    id          TEXT   NOT NULL PRIMARY KEY,
    stream_id   TEXT            REFERENCES streams (id) ON DELETE SET NULL,
    state       TEXT   NOT NULL,
    title       TEXT   NOT NULL,
    file        TEXT   NOT NULL,
    started     BIGINT NOT NULL,
    seen        BIGINT NOT NULL,
    duration_ms DOUBLE PRECISION NOT NULL,
    size        BIGINT NOT NULL,
    video_codec TEXT   NOT NULL,
    audio_codec TEXT   NOT NULL,
    codecs      TEXT   NOT NULL, -- as RFC 6381 has them, with commas
    width       BIGINT NOT NULL,
    height      BIGINT NOT NULL
);
CREATE INDEX recordings_stream ON recordings (stream_id, started, id);
CREATE INDEX recordings_state ON recordings (state, seen);
CREATE INDEX recordings_started ON recordings (started, id);

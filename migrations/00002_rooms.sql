-- Rooms, the people in them, and the log of what happened.
--
-- rooms.seq is the number of the newest event; whoever holds the room's row gives out the next ones, so numbers have
-- neither gaps nor doubles on any number of nodes. visibility and idle_ttl repeat what settings says, for the indexes.
-- A person may be a guest without an account, hence no foreign key from persons to users.
-- playback is apart from rooms because it changes far more often than what a list of rooms shows; its state is one
-- document because no query looks inside, but for whether it plays.
-- room_events is pruned by the program: it serves clients that come back, it is not an archive.

-- +goose Up
CREATE TABLE rooms (
    id            TEXT   NOT NULL PRIMARY KEY,
    name          TEXT   NOT NULL,
    name_key      TEXT   NOT NULL, -- folded
    owner_id      TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    visibility    TEXT   NOT NULL,
    settings      TEXT   NOT NULL,
    password_hash TEXT   NOT NULL,
    invite_code   TEXT   NOT NULL,
    created       BIGINT NOT NULL,
    active        BIGINT NOT NULL,
    idle_ttl      BIGINT NOT NULL, -- microseconds, 0 keeps the room
    seq           BIGINT NOT NULL,
    epoch         TEXT   NOT NULL
);
CREATE UNIQUE INDEX rooms_invite_code ON rooms (invite_code) WHERE invite_code <> '';
CREATE INDEX rooms_owner ON rooms (owner_id);
CREATE INDEX rooms_active ON rooms (active, id);
CREATE INDEX rooms_visible ON rooms (visibility, active, id);
CREATE INDEX rooms_idle ON rooms ((active + idle_ttl)) WHERE idle_ttl > 0;

CREATE TABLE members (
    room_id     TEXT   NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    person_id   TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    role        TEXT   NOT NULL,
    allow       BIGINT NOT NULL,
    deny        BIGINT NOT NULL,
    joined      BIGINT NOT NULL,
    address_key TEXT   NOT NULL,
    PRIMARY KEY (room_id, person_id)
);
CREATE INDEX members_joined ON members (room_id, joined, person_id);
CREATE INDEX members_person ON members (person_id, room_id);

CREATE TABLE bans (
    room_id     TEXT   NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    person_id   TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    banned_by   TEXT   NOT NULL,
    created     BIGINT NOT NULL,
    address_key TEXT   NOT NULL,
    PRIMARY KEY (room_id, person_id)
);
CREATE INDEX bans_newest ON bans (room_id, created, person_id);
CREATE INDEX bans_address ON bans (room_id, address_key) WHERE address_key <> '';

CREATE TABLE favourites (
    user_id TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    room_id TEXT   NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    PRIMARY KEY (user_id, room_id)
);
CREATE INDEX favourites_room ON favourites (room_id);

CREATE TABLE playback (
    room_id TEXT    NOT NULL PRIMARY KEY REFERENCES rooms (id) ON DELETE CASCADE,
    state   TEXT    NOT NULL,
    playing BOOLEAN NOT NULL,
    seen    BIGINT  NOT NULL -- when a node last noted that the room was alive, 0 for never
);

CREATE TABLE room_events (
    room_id TEXT   NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    seq     BIGINT NOT NULL,
    data    TEXT   NOT NULL,
    PRIMARY KEY (room_id, seq)
);

-- Accounts and their logins.
--
-- username_key and search_key are folded by the program: names are unique, and found, without regard to case in every
-- script and on both engines alike.
-- At most one account is root: of two nodes that set up an empty server at the same moment, one fails.
-- Only hashes of refresh secrets are kept; who reads the database cannot sign in.

-- +goose Up
CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    username      TEXT    NOT NULL,
    username_key  TEXT    NOT NULL,
    display_name  TEXT    NOT NULL,
    search_key    TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    disabled      BOOLEAN NOT NULL,
    password_hash TEXT    NOT NULL,
    created       BIGINT  NOT NULL
);
CREATE UNIQUE INDEX users_username ON users (username_key);
CREATE UNIQUE INDEX users_root ON users (role) WHERE role = 'root';
CREATE INDEX users_newest ON users (created, id);

CREATE TABLE sessions (
    id            TEXT   NOT NULL PRIMARY KEY,
    user_id       TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    refresh_hash  BYTEA  NOT NULL,
    previous_hash BYTEA  NOT NULL,
    created       BIGINT NOT NULL,
    rotated       BIGINT NOT NULL,
    expires       BIGINT NOT NULL,
    revoked       BIGINT NOT NULL -- 0 while it lives
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires);
CREATE INDEX sessions_revoked ON sessions (revoked) WHERE revoked > 0;

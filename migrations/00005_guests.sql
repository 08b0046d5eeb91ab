-- Guests whose pass has run out are cleared away a few at a time, the oldest first; this finds them without reading
-- every membership.

-- +goose Up
CREATE INDEX members_guests ON members (joined, room_id, person_id) WHERE role = 'guest';

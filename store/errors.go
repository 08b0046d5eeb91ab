package store

import (
	"errors"

	"synctv/app"
	"synctv/store/internal/db"
)

// unique says which field of a request a unique index is about. PostgreSQL tells the index, SQLite the columns.
type unique struct {
	index, columns string
	field, message string
}

var uniques = [...]unique{
	{"users_username", "users.username_key", "username", "That user name is taken."},
	{"users_root", "users.role", "role", "This server has a root account already."},
	{"rooms_invite_code", "rooms.invite_code", "invite_code", "That invite code is taken."},
	{"messages_client", "messages.room_id, messages.person_id, messages.client_id", "client_id", "This message was sent already."},
}

// failure turns an error of the database into one that may cross the house; what names the thing that was looked for,
// in words for people. Errors from elsewhere, such as those of a caller's change, stay as they are.
func failure(err error, what string) error {
	var known *app.Error
	var e *db.Error
	if err == nil || errors.As(err, &known) || !errors.As(err, &e) {
		return err
	}
	switch e.Kind {
	case db.NoRows:
		return absent(what)
	case db.Unique:
		return conflict(e)
	case db.ForeignKey:
		return app.Wrap(app.CodeNotFound, err, "What this belongs to does not exist any more.")
	case db.BadValue:
		return app.Wrap(app.CodeInvalid, err, "This holds characters that cannot be stored.")
	case db.Cancelled:
		return app.Wrap(app.CodeUnavailable, err, "This took too long. Try again.")
	case db.Unavailable:
		return app.Wrap(app.CodeUnavailable, err, "The database is not available right now. Try again in a moment.")
	}
	return app.Internal(err)
}

func absent(what string) *app.Error {
	if what == "" {
		what = "What you look for"
	}
	return app.Errorf(app.CodeNotFound, "%s does not exist.", what)
}

func conflict(e *db.Error) *app.Error {
	field, message := "id", "This exists already."
	for _, u := range uniques {
		if e.Constraint == u.index || e.Constraint == u.columns {
			field, message = u.field, u.message
		}
	}
	err := app.Wrap(app.CodeConflict, e, message)
	err.Field = field
	return err
}

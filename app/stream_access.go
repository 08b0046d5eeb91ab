package app

import "context"

// refusal tells an error that says no from one that says that nobody knows.
func refusal(err error) bool {
	switch CodeOf(err) {
	case CodeForbidden, CodeNotFound, CodeBanned, CodeKicked, CodeUnauthenticated, CodeDisabled, CodeInvalid:
		return true
	}
	return false
}

// allowed turns the outcome of a check into yes or no; err is trouble.
func allowed(err error) (bool, error) {
	switch {
	case err == nil:
		return true, nil
	case refusal(err):
		return false, nil
	}
	return false, err
}

// managesStream tells whether the actor manages a stream: its owner, administrators of the server,
// and for a stream of a room whoever has live_manage there.
func (a *App) managesStream(ctx context.Context, by Actor, s Stream) (bool, error) {
	if by.kind == KindUser && by.user.ID == s.OwnerID || by.serverAdmin() {
		return true, nil
	}
	if s.RoomID == "" || by.Anonymous() {
		return false, nil
	}
	_, err := a.Authorize(ctx, by, s.RoomID, LiveManage)
	return allowed(err)
}

// managedStream returns a stream the actor manages. Who may not even watch it learns nothing of it.
func (a *App) managedStream(ctx context.Context, by Actor, id StreamID) (Stream, error) {
	if by.Anonymous() {
		return Stream{}, Errorf(CodeUnauthenticated, "Sign in first.")
	}
	s, err := a.findStream(ctx, id)
	if err != nil {
		return Stream{}, err
	}
	ok, err := a.managesStream(ctx, by, s)
	if err != nil || ok {
		return s, err
	}
	if err := a.mayWatch(ctx, by, s); err != nil {
		return Stream{}, err
	}
	return Stream{}, Errorf(CodeForbidden, "Only who manages this stream can do this.")
}

// mayWatch decides by standing alone, without any token: everybody may watch what is not private,
// people of a room whatever is that room's, and managers what they manage.
func (a *App) mayWatch(ctx context.Context, by Actor, s Stream) error {
	if s.Visibility != Private {
		return nil
	}
	ok, err := a.managesStream(ctx, by, s)
	if err != nil || ok {
		return err
	}
	if s.RoomID == "" || by.Anonymous() {
		return errNoStream()
	}
	_, err = a.Authorize(ctx, by, s.RoomID, RoomView)
	if refusal(err) {
		return errNoStream()
	}
	return err
}

// mayShow decides whether somebody may put a stream into a room, where everybody will see it. What
// is private is shown in its own room, or by who manages it.
func (a *App) mayShow(ctx context.Context, by Actor, room RoomID, s Stream) error {
	if s.Visibility != Private {
		return nil
	}
	if s.RoomID != "" && s.RoomID == room {
		return a.mayWatch(ctx, by, s)
	}
	ok, err := a.managesStream(ctx, by, s)
	if err != nil || ok {
		return err
	}
	if err := a.mayWatch(ctx, by, s); err != nil {
		return err
	}
	return Errorf(CodeForbidden, "This stream is private. Only who manages it can show it in another room.")
}

// mayPublish decides whether a stream may be published at all now: the owner of a room's stream
// needs live_publish there for as long as it lasts.
func (a *App) mayPublish(ctx context.Context, s Stream) error {
	if s.ForItems { // it is the room's: who may add items has put it there
		return nil
	}
	owner, err := a.actorOf(ctx, PersonID(s.OwnerID), "")
	if err == nil && s.RoomID != "" {
		_, err = a.Authorize(ctx, owner, s.RoomID, LivePublish)
	}
	if refusal(err) {
		return Errorf(CodeForbidden, "The owner of this stream may not publish it any more. Ask whoever runs the room or the server.")
	}
	return err
}

// actorOf is a person without a login, for asking what they may do. A guest belongs to the room.
func (a *App) actorOf(ctx context.Context, who PersonID, room RoomID) (Actor, error) {
	if who.IsGuest() {
		return Actor{kind: KindGuest, person: who, room: room}, nil
	}
	u, err := a.Store.User(ctx, UserID(who))
	if err != nil {
		return Actor{}, err
	}
	if u.Disabled {
		return Actor{}, Errorf(CodeDisabled, "This account is disabled. Ask an administrator.")
	}
	return userActor(u, "", 0), nil
}

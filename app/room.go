package app

import (
	"context"
	"time"
	"unicode/utf8"

	"synctv/app/playback"
)

// RoomInfo is a room as one person may see it.
type RoomInfo struct {
	Room          Room
	OwnerName     string
	Online        int
	NowPlaying    string
	Playback      *playback.State
	MyRole        RoomRole
	MyPermissions Action
	Favourite     bool
	Members       int
	ShowInvite    bool
}

// NewRoom is what CreateRoom takes.
type NewRoom struct {
	Name     string
	Settings *RoomSettings // nil takes DefaultSettings
	Password string
	Media    []NewMedia
	Play     bool // start the first item when the first person is there
}

// DefaultSettings are what a new room has: by link, everyone controls, guests welcome.
func DefaultSettings() RoomSettings {
	return RoomSettings{Visibility: Unlisted, Preset: PresetOpen, GuestsAllowed: true, Wait: WaitSoft}
}

// normalise fills in defaults and refuses what makes no sense.
func (s RoomSettings) normalise() (RoomSettings, error) {
	d := DefaultSettings()
	if s.Visibility == "" {
		s.Visibility = d.Visibility
	}
	if s.Preset == "" {
		s.Preset = d.Preset
	}
	if s.Wait == "" {
		s.Wait = d.Wait
	}
	switch s.Visibility {
	case Public, Unlisted, Private:
	default:
		return s, Invalid("settings.visibility", "A room is public, unlisted or private.")
	}
	switch s.Wait {
	case WaitOff, WaitSoft, WaitStrict:
	default:
		return s, Invalid("settings.wait_policy", "A room waits off, soft or strict.")
	}
	if roleBase[s.Preset] == nil {
		return s, Invalid("settings.preset", "A preset is open or host.")
	}
	if s.Capacity < 0 || s.Capacity > 100000 {
		return s, Invalid("settings.capacity", "The capacity lies between 0 and 100000.")
	}
	if s.IdleTTL < 0 || s.IdleTTL > 0 && s.IdleTTL < 60 || s.IdleTTL > 365*86400 {
		return s, Invalid("settings.idle_ttl_seconds", "An idle time is 0, or between a minute and a year.")
	}
	if s.SlowModeMs < 0 || s.SlowModeMs > 3600_000 {
		return s, Invalid("settings.slow_mode_ms", "Slow mode is at most an hour.")
	}
	for role, o := range s.Overrides {
		if role.rank() == 0 || role == RoleOwner {
			return s, Invalid("settings.overrides", "Permissions can be set for guests, members and admins.")
		}
		if (o.Allow|o.Deny)&^allGrantable != 0 {
			return s, Invalid("settings.overrides", "There is no such permission.")
		}
	}
	return s, nil
}

func checkRoomName(name string) (string, error) {
	name = cleanLine(name)
	if !visible(name) || utf8.RuneCountInString(name) > 80 {
		return "", Invalid("name", "A room's name has 1 to 80 characters.")
	}
	return name, nil
}

// roomPassword hashes a room's password; "" stays "".
func (a *App) roomPassword(ctx context.Context, by Actor, password string) (string, error) {
	if password == "" {
		return "", nil
	}
	if len(password) > 128 {
		return "", Invalid("password", "A room's password has at most 128 bytes.")
	}
	if err := a.limitHashing(ctx, by); err != nil {
		return "", err
	}
	return a.Passwords.Hash(ctx, password)
}

// CreateRoom makes a room, with its first media and playing if asked, in one step.
func (a *App) CreateRoom(ctx context.Context, by Actor, in NewRoom) (RoomInfo, error) {
	if err := by.needUser(); err != nil {
		return RoomInfo{}, err
	}
	if err := a.limit(ctx, "room:"+string(by.user.ID), 20, 10*time.Second, "Too many new rooms. Wait a little."); err != nil {
		return RoomInfo{}, err
	}
	r, err := a.draftRoom(ctx, by, in)
	if err != nil {
		return RoomInfo{}, err
	}
	owned, _, err := a.Store.ListRooms(ctx, RoomFilter{Owner: by.user.ID}, Page{Limit: a.cfg.MaxRoomsPerUser})
	if err != nil {
		return RoomInfo{}, err
	}
	if len(owned) >= a.cfg.MaxRoomsPerUser {
		return RoomInfo{}, Errorf(CodeTooLarge, "You own %d rooms already. Delete one first.", len(owned))
	}
	var fresh []Stream
	if in.Media, fresh, err = a.receiveItems(ctx, r, in.Media); err != nil {
		return RoomInfo{}, err
	}
	if in.Media, err = a.lookUpLive(ctx, by, "", in.Media); err != nil {
		return RoomInfo{}, err
	}
	media, err := a.draftMedia(ctx, by, r.ID, "", "", "", in.Media)
	if err != nil {
		return RoomInfo{}, err
	}
	pb := playback.New(r.Epoch)
	if len(media) > 0 && in.Play && media[0].Kind == MediaItem {
		target := media[0].item()
		next, _, err := playback.Apply(pb, playback.Intent{Actor: playback.Actor{ID: string(by.person)}, Op: playback.OpMedia, MediaID: target.ID},
			playback.Env{Policy: playback.PolicyOff, Target: target}, int64(r.Created))
		if err != nil {
			return RoomInfo{}, Internal(err)
		}
		pb = next
	}
	owner := Member{RoomID: r.ID, ID: by.person, Name: by.name, Role: RoleOwner, Joined: r.Created}
	if err := a.Store.CreateRoom(ctx, r, owner, media, pb); err != nil {
		return RoomInfo{}, err
	}
	if err := a.createReceived(ctx, fresh); err != nil {
		return RoomInfo{}, err
	}
	a.probeLater(r.ID, media)
	return a.GetRoom(ctx, by, r.ID)
}

func (a *App) draftRoom(ctx context.Context, by Actor, in NewRoom) (Room, error) {
	if in.Name == "" {
		in.Name = clip(by.name, 60) + "’s room"
	}
	name, err := checkRoomName(in.Name)
	if err != nil {
		return Room{}, err
	}
	settings := DefaultSettings()
	if in.Settings != nil {
		settings = *in.Settings
	}
	if settings, err = settings.normalise(); err != nil {
		return Room{}, err
	}
	if len(in.Media) > maxMediaPerCall {
		return Room{}, Invalid("media", "At most %d items at once.", maxMediaPerCall)
	}
	hash, err := a.roomPassword(ctx, by, in.Password)
	if err != nil {
		return Room{}, err
	}
	now := a.Now()
	return Room{ID: RoomID(newID("room_", now)), Name: name, OwnerID: by.user.ID, Settings: settings, PasswordHash: hash,
		InviteCode: newInvite(), Created: now, Active: now, Epoch: newSecret(6)}, nil
}

func newInvite() string { return newSecret(8) }

// GetRoom returns a room the caller belongs to or may find.
func (a *App) GetRoom(ctx context.Context, by Actor, id RoomID) (RoomInfo, error) {
	g, err := a.Authorize(ctx, by, id, RoomView)
	if err == nil {
		return a.viewRoom(ctx, g)
	}
	if CodeOf(err) != CodeForbidden {
		return RoomInfo{}, err
	}
	// Not a member: what the list of public rooms would show.
	r, rerr := a.Store.Room(ctx, id)
	if rerr != nil {
		return RoomInfo{}, rerr
	}
	return a.outsideView(ctx, r)
}

// outsideView is a room as somebody sees it who has not joined.
func (a *App) outsideView(ctx context.Context, r Room) (RoomInfo, error) {
	v := RoomInfo{Room: r.public(), OwnerName: a.userName(ctx, r.OwnerID), Online: a.online(ctx, r.ID)}
	if r.PasswordHash == "" {
		v.NowPlaying = a.nowPlaying(ctx, r.ID)
	}
	var err error
	v.Members, err = a.Store.CountMembers(ctx, r.ID)
	return v, err
}

// viewRoom is a room as a member sees it.
func (a *App) viewRoom(ctx context.Context, g Grant) (RoomInfo, error) {
	v := RoomInfo{Room: g.room.public(), OwnerName: a.userName(ctx, g.room.OwnerID), Online: a.online(ctx, g.room.ID),
		MyRole: g.member.Role, MyPermissions: g.actions, ShowInvite: g.mayInvite()}
	if v.ShowInvite {
		v.Room.InviteCode = g.room.InviteCode
	}
	pb, err := a.playbackNow(ctx, g.room.ID)
	if err != nil {
		return RoomInfo{}, err
	}
	v.Playback = &pb
	v.NowPlaying = a.nowPlaying(ctx, g.room.ID)
	if v.Members, err = a.Store.CountMembers(ctx, g.room.ID); err != nil {
		return RoomInfo{}, err
	}
	if g.actor.kind == KindUser {
		fav, err := a.Store.Favourites(ctx, g.actor.user.ID, []RoomID{g.room.ID})
		if err != nil {
			return RoomInfo{}, err
		}
		v.Favourite = fav[g.room.ID]
	}
	return v, nil
}

// mayInvite tells who sees the invite code: everyone who is in, but in a private room only
// those who manage members.
func (g Grant) mayInvite() bool {
	return g.room.Settings.Visibility != Private || g.actions.Has(MembersManage) ||
		g.room.Settings.Preset == PresetOpen && g.member.Role != RoleGuest
}

// nowPlaying is the title of the current item, "" when nothing is chosen. It is for show: trouble gives "".
func (a *App) nowPlaying(ctx context.Context, room RoomID) string {
	pb, _, err := a.Store.Playback(ctx, room)
	if err != nil || pb.MediaID == "" {
		return ""
	}
	m, err := a.Store.Media(ctx, room, MediaID(pb.MediaID))
	if err != nil {
		return ""
	}
	return m.Title
}

// userName is for show: trouble gives "".
func (a *App) userName(ctx context.Context, id UserID) string {
	u, err := a.Store.User(ctx, id)
	if err != nil {
		return ""
	}
	return u.DisplayName
}

// RoomScope says which rooms a list is about.
type RoomScope string

// Scopes of ListRooms.
const (
	ScopePublic     RoomScope = "public"
	ScopeMine       RoomScope = "mine"
	ScopeFavourites RoomScope = "favourites"
	ScopeAll        RoomScope = "all"
)

// ListRooms pages through rooms, most recently active first.
func (a *App) ListRooms(ctx context.Context, from Origin, by Actor, scope RoomScope, query string, p Page) ([]RoomInfo, string, error) {
	f := RoomFilter{Query: clip(cleanLine(query), 80)}
	switch scope {
	case ScopePublic, "":
		f.Visibility = Public
	case ScopeMine:
		if by.Anonymous() {
			return nil, "", by.needUser()
		}
		f.Member = by.person
	case ScopeFavourites:
		if err := by.needUser(); err != nil {
			return nil, "", err
		}
		f.Favourite = by.user.ID
	case ScopeAll:
		if err := by.needAdmin(); err != nil {
			return nil, "", err
		}
	default:
		return nil, "", Invalid("scope", "There is no such list of rooms.")
	}
	if err := a.limitListing(ctx, from); err != nil {
		return nil, "", err
	}
	rooms, next, err := a.Store.ListRooms(ctx, f, p)
	if err != nil {
		return nil, "", err
	}
	views := make([]RoomInfo, 0, len(rooms))
	for _, r := range rooms {
		v, err := a.listedRoom(ctx, by, r)
		switch CodeOf(err) {
		case "":
			views = append(views, v)
		case CodeNotFound, CodeBanned: // gone in between, or not for this person: leave it out
		default:
			return nil, "", err
		}
	}
	return views, next, nil
}

func (a *App) listedRoom(ctx context.Context, by Actor, r Room) (RoomInfo, error) {
	if !by.Anonymous() {
		g, err := a.Authorize(ctx, by, r.ID, RoomView)
		if err == nil {
			return a.viewRoom(ctx, g)
		}
		if CodeOf(err) != CodeForbidden {
			return RoomInfo{}, err
		}
	}
	return a.outsideView(ctx, r)
}

// RoomPatch changes what is not nil. Settings are replaced whole.
type RoomPatch struct {
	Name     *string
	Settings *RoomSettings
	Password *string
}

// UpdateRoom changes a room. Needs room_settings.
func (a *App) UpdateRoom(ctx context.Context, g Grant, p RoomPatch) (RoomInfo, error) {
	if err := g.check(RoomSettingsEdit); err != nil {
		return RoomInfo{}, err
	}
	if err := a.limitManaging(ctx, g.actor); err != nil {
		return RoomInfo{}, err
	}
	hash := ""
	if p.Name != nil {
		name, err := checkRoomName(*p.Name)
		if err != nil {
			return RoomInfo{}, err
		}
		p.Name = &name
	}
	if p.Settings != nil {
		s, err := p.Settings.normalise()
		if err != nil {
			return RoomInfo{}, err
		}
		p.Settings = &s
	}
	if p.Password != nil {
		var err error
		if hash, err = a.roomPassword(ctx, g.actor, *p.Password); err != nil {
			return RoomInfo{}, err
		}
	}
	return a.changeRoom(ctx, g, func(r *Room) error {
		if p.Name != nil {
			r.Name = *p.Name
		}
		if p.Settings != nil {
			if err := g.mayRaise(r.Settings, *p.Settings); err != nil {
				return err
			}
			r.Settings = *p.Settings
		}
		if p.Password != nil {
			r.PasswordHash = hash
		}
		return nil
	})
}

// mayRaise refuses settings that would give some role what the actor does not have: whoever may only change
// settings must not become more by them.
func (g Grant) mayRaise(before, after RoomSettings) error {
	if g.member.Role == RoleOwner || g.actor.serverAdmin() {
		return nil
	}
	for _, role := range []RoomRole{RoleGuest, RoleMember, RoleAdmin} {
		if raised := Permissions(after, role, Override{}) &^ Permissions(before, role, Override{}); !g.actions.Has(raised) {
			return errMayNotGive()
		}
	}
	return nil
}

func errMayNotGive() *Error {
	return Errorf(CodeForbidden, "You cannot give a permission that you do not have.")
}

// RotateInvite makes a new invite code. Needs room_settings.
func (a *App) RotateInvite(ctx context.Context, g Grant) (RoomInfo, error) {
	if err := g.check(RoomSettingsEdit); err != nil {
		return RoomInfo{}, err
	}
	if err := a.limitManaging(ctx, g.actor); err != nil {
		return RoomInfo{}, err
	}
	return a.changeRoom(ctx, g, func(r *Room) error { r.InviteCode = newInvite(); return nil })
}

func (a *App) changeRoom(ctx context.Context, g Grant, change func(*Room) error) (RoomInfo, error) {
	err := a.inRoom(ctx, g, func(tx RoomTx, emit func(EventBody) error) error {
		r := tx.Room()
		if err := change(&r); err != nil {
			return err
		}
		if err := tx.SaveRoom(r); err != nil {
			return err
		}
		return emit(RoomChanged{r.public()})
	})
	if err != nil {
		return RoomInfo{}, err
	}
	return a.GetRoom(ctx, g.actor, g.room.ID)
}

// public is the room without its secrets, for events and for people.
func (r Room) public() Room {
	r.InviteCode = ""
	if r.PasswordHash != "" {
		r.PasswordHash = "set"
	}
	return r
}

// DeleteRoom removes a room with everything in it and sends everybody out. Needs ownership.
func (a *App) DeleteRoom(ctx context.Context, g Grant) error {
	if err := g.check(RoomOwn); err != nil {
		return err
	}
	mine := false
	err := a.closeRoom(ctx, g.room.ID, g.actor, "deleted", func(r Room) bool { // it may have been handed over in between
		mine = g.actor.serverAdmin() || g.actor.kind == KindUser && r.OwnerID == g.actor.user.ID
		return mine
	})
	if err == nil && !mine {
		return errMayNot()
	}
	return err
}

// update runs a change of a room in somebody's name ("" for the server's own) and publishes what happened.
func (a *App) update(ctx context.Context, room RoomID, name string, by PersonID, change func(tx RoomTx, emit func(EventBody) error) error) ([]Event, error) {
	events, err := a.Store.UpdateRoom(ctx, room, func(tx RoomTx) error {
		return change(tx, func(body EventBody) error {
			return tx.Emit(Event{At: a.Now(), By: by, ByName: name, Body: body})
		})
	})
	if err != nil {
		return nil, err
	}
	a.hub.publish(ctx, room, events)
	return events, nil
}

// SetFavourite marks or unmarks a room for the caller.
func (a *App) SetFavourite(ctx context.Context, by Actor, room RoomID, on bool) error {
	if err := by.needUser(); err != nil {
		return err
	}
	if err := a.limitManaging(ctx, by); err != nil {
		return err
	}
	if on {
		if _, err := a.GetRoom(ctx, by, room); err != nil {
			return err
		}
	}
	return a.Store.SetFavourite(ctx, by.user.ID, room, on, a.Now())
}

package translate

import (
	"fmt"
	"slices"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
)

var visibilities = []pair[synctvv1.Visibility, app.Visibility]{
	{synctvv1.Visibility_VISIBILITY_PUBLIC, app.Public},
	{synctvv1.Visibility_VISIBILITY_UNLISTED, app.Unlisted},
	{synctvv1.Visibility_VISIBILITY_PRIVATE, app.Private},
}

var presets = []pair[synctvv1.Preset, app.Preset]{
	{synctvv1.Preset_PRESET_OPEN, app.PresetOpen},
	{synctvv1.Preset_PRESET_HOST, app.PresetHost},
}

var waitPolicies = []pair[synctvv1.WaitPolicy, app.WaitPolicy]{
	{synctvv1.WaitPolicy_WAIT_POLICY_OFF, app.WaitOff},
	{synctvv1.WaitPolicy_WAIT_POLICY_SOFT, app.WaitSoft},
	{synctvv1.WaitPolicy_WAIT_POLICY_STRICT, app.WaitStrict},
}

var scopes = []pair[synctvv1.ListRoomsRequest_Scope, app.RoomScope]{
	{synctvv1.ListRoomsRequest_SCOPE_PUBLIC, app.ScopePublic},
	{synctvv1.ListRoomsRequest_SCOPE_MINE, app.ScopeMine},
	{synctvv1.ListRoomsRequest_SCOPE_FAVOURITES, app.ScopeFavourites},
	{synctvv1.ListRoomsRequest_SCOPE_ALL, app.ScopeAll},
}

// RoomScope reads which rooms are wanted; unspecified is "".
func RoomScope(s synctvv1.ListRoomsRequest_Scope) (app.RoomScope, error) {
	return toWord(scopes, "scope", s)
}

// Room is a room as one person may see it: the invite code only when info says so.
func Room(info app.RoomInfo) *synctvv1.Room {
	out := EventRoom(info.Room)
	if info.ShowInvite {
		out.InviteCode = info.Room.InviteCode
	}
	out.OwnerName, out.Online, out.NowPlaying = info.OwnerName, count(info.Online), info.NowPlaying
	if info.Playback != nil {
		out.Playback = Playback(*info.Playback, "")
	}
	out.MyRole, out.MyPermissions = toWire(roomRoles, info.MyRole), info.MyPermissions.Names()
	out.Favourite, out.Members = info.Favourite, count(info.Members)
	return out
}

// Rooms is a list of rooms.
func Rooms(list []app.RoomInfo) []*synctvv1.Room { return each(list, Room) }

// EventRoom is a room as an event carries it to everybody: name, owner and settings.
func EventRoom(r app.Room) *synctvv1.Room {
	return &synctvv1.Room{
		Id: string(r.ID), Name: r.Name, OwnerId: string(r.OwnerID), Settings: RoomSettings(r.Settings),
		HasPassword: r.PasswordHash != "", CreatedMs: r.Created.Ms(),
	}
}

// RoomSettings are settings on the wire; overrides come weakest role first.
func RoomSettings(s app.RoomSettings) *synctvv1.RoomSettings {
	out := &synctvv1.RoomSettings{
		Visibility: toWire(visibilities, s.Visibility), Preset: toWire(presets, s.Preset), GuestsAllowed: s.GuestsAllowed,
		Capacity: count(s.Capacity), IdleTtlSeconds: count(s.IdleTTL), WaitPolicy: toWire(waitPolicies, s.Wait),
		SlowModeMs: count(s.SlowModeMs), Overrides: []*synctvv1.PermissionOverride{},
	}
	for _, row := range roomRoles {
		if o, ok := s.Overrides[row.word]; ok {
			out.Overrides = append(out.Overrides, &synctvv1.PermissionOverride{Role: row.wire, Allow: o.Allow.Names(), Deny: o.Deny.Names()})
		}
	}
	return out
}

// NewRoomSettings reads settings; nil for nil.
func NewRoomSettings(s *synctvv1.RoomSettings) (*app.RoomSettings, error) {
	if s == nil {
		return nil, nil
	}
	out := app.RoomSettings{GuestsAllowed: s.GetGuestsAllowed(), Capacity: int(s.GetCapacity()), IdleTTL: int(s.GetIdleTtlSeconds()), SlowModeMs: int(s.GetSlowModeMs())}
	var err error
	if out.Visibility, err = toWord(visibilities, "settings.visibility", s.GetVisibility()); err != nil {
		return nil, err
	}
	if out.Preset, err = toWord(presets, "settings.preset", s.GetPreset()); err != nil {
		return nil, err
	}
	if out.Wait, err = toWord(waitPolicies, "settings.wait_policy", s.GetWaitPolicy()); err != nil {
		return nil, err
	}
	out.Overrides, err = overrides(s.GetOverrides())
	return &out, err
}

func overrides(list []*synctvv1.PermissionOverride) (map[app.RoomRole]app.Override, error) {
	if len(list) == 0 {
		return nil, nil
	}
	if len(list) > len(roomRoles) {
		return nil, app.Invalid("settings.overrides", "There is one entry for each role at most.")
	}
	out := make(map[app.RoomRole]app.Override, len(list))
	for i, o := range list {
		field := fmt.Sprintf("settings.overrides[%d]", i)
		role, err := needWord(roomRoles, field+".role", o.GetRole())
		if err != nil {
			return nil, err
		}
		if _, twice := out[role]; twice {
			return nil, app.Invalid(field+".role", "There is one entry for each role at most.")
		}
		if out[role], err = override(field+".allow", field+".deny", o.GetAllow(), o.GetDeny()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// NewRoom reads what a room is to be made of.
func NewRoom(r *synctvv1.CreateRoomRequest) (app.NewRoom, error) {
	settings, err := NewRoomSettings(r.GetSettings())
	if err != nil {
		return app.NewRoom{}, err
	}
	media, err := NewMediaList(r.GetMedia())
	if err != nil {
		return app.NewRoom{}, err
	}
	return app.NewRoom{Name: r.GetName(), Settings: settings, Password: r.GetPassword(), Media: media, Play: r.GetPlay()}, nil
}

// RoomPatch reads what is to change of a room.
func RoomPatch(r *synctvv1.UpdateRoomRequest) (app.RoomPatch, error) {
	settings, err := NewRoomSettings(r.GetSettings())
	return app.RoomPatch{Name: r.Name, Settings: settings, Password: r.Password}, err
}

// InvitePreview is what an invite leads to.
func InvitePreview(p app.InvitePreview) *synctvv1.InvitePreview {
	return &synctvv1.InvitePreview{
		RoomId: string(p.RoomID), Name: p.Name, OwnerName: p.OwnerName, NeedsPassword: p.NeedsPassword,
		GuestsAllowed: p.GuestsAllowed, Full: p.Full, Online: count(p.Online), NowPlaying: p.NowPlaying,
	}
}

// ServerInfo is what anyone may know of this server.
func ServerInfo(s app.ServerInfo) *synctvv1.ServerInfo {
	return &synctvv1.ServerInfo{
		Name: s.Name, Version: s.Version, RegistrationOpen: s.RegistrationOpen, GuestsAllowed: s.GuestsAllowed,
		Actions: slices.Clone(app.Actions()), MaxMessageChars: count(s.MaxMessageChars), IceServers: s.ICEServers,
	}
}

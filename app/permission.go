package app

import "slices"

// Action is something a person may or may not do in a room. A set of actions is a bit mask.
type Action uint32

// The actions people can be given or denied. Their names are stable.
const (
	ChatSend Action = 1 << iota
	ChatModerate
	DanmakuSend
	PlaybackControl
	PlaybackNavigate
	MediaAdd
	MediaEditAny
	MediaReorder
	MembersView
	MembersManage
	LivePublish
	LiveManage
	VoiceUse
	RoomSettingsEdit
	HistoryView

	// RoomView is being in the room at all: every role has it, nobody can be denied it but by a ban.
	RoomView
	// RoomOwn is deleting the room and handing it over: the owner's alone.
	RoomOwn
)

// grantable are the actions that overrides may touch, in the order of the table.
var grantable = []struct {
	action Action
	name   string
}{
	{ChatSend, "chat_send"}, {ChatModerate, "chat_moderate"}, {DanmakuSend, "danmaku_send"},
	{PlaybackControl, "playback_control"}, {PlaybackNavigate, "playback_navigate"},
	{MediaAdd, "media_add"}, {MediaEditAny, "media_edit_any"}, {MediaReorder, "media_reorder"},
	{MembersView, "members_view"}, {MembersManage, "members_manage"},
	{LivePublish, "live_publish"}, {LiveManage, "live_manage"}, {VoiceUse, "voice_use"},
	{RoomSettingsEdit, "room_settings"}, {HistoryView, "history_view"},
}

const (
	allGrantable = RoomView - 1
	everyone     = ChatSend | DanmakuSend | VoiceUse | MembersView | HistoryView | RoomView
	control      = PlaybackControl | PlaybackNavigate | MediaAdd

	// guestCeiling is the most a guest can ever hold, whatever overrides say.
	guestCeiling = everyone | control | MediaReorder | LivePublish
	adminBase    = allGrantable | RoomView
)

// roleBase is THE table: what each role starts from under each preset.
var roleBase = map[Preset]map[RoomRole]Action{
	PresetOpen: {
		RoleGuest:  everyone | control,
		RoleMember: everyone | control | MediaReorder | LivePublish,
		RoleAdmin:  adminBase,
		RoleOwner:  adminBase | RoomOwn,
	},
	PresetHost: {
		RoleGuest:  everyone,
		RoleMember: everyone | MediaAdd,
		RoleAdmin:  adminBase,
		RoleOwner:  adminBase | RoomOwn,
	},
}

// Actions returns the names of every grantable action in the order of the table.
func Actions() []string { return allGrantable.Names() }

// Names lists the grantable actions of the set in the order of the table.
func (a Action) Names() []string {
	names := make([]string, 0, len(grantable))
	for _, g := range grantable {
		if a&g.action != 0 {
			names = append(names, g.name)
		}
	}
	return names
}

// Has tells whether the set holds all of want.
func (a Action) Has(want Action) bool { return a&want == want }

// ParseActions turns names into a set; an unknown name is a CodeInvalid error about field.
func ParseActions(field string, names []string) (Action, error) {
	var set Action
	for _, n := range names {
		i := slices.IndexFunc(grantable, func(g struct {
			action Action
			name   string
		}) bool {
			return g.name == n
		})
		if i < 0 {
			return 0, Invalid(field, "There is no permission called %q.", clip(n, 40))
		}
		set |= grantable[i].action
	}
	return set, nil
}

// Permissions adds up what a role may do: base of the preset, then the room's override for the
// role, then the member's own; a removal anywhere wins over an addition anywhere. The owner
// cannot be weakened, guests cannot rise above their ceiling.
func Permissions(s RoomSettings, role RoomRole, own Override) Action {
	base := roleBase[s.Preset][role]
	if role == RoleOwner {
		return base
	}
	room := s.Overrides[role]
	set := (base | room.Allow | own.Allow) &^ (room.Deny | own.Deny)
	set |= base & RoomView
	if role == RoleGuest {
		set &= guestCeiling
	}
	return set
}

// Override adds to and takes from a set of permissions.
type Override struct {
	Allow Action `json:"allow,omitempty"`
	Deny  Action `json:"deny,omitempty"`
}

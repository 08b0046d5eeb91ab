package grpcd

import synctvv1 "synctv/proto/synctv/v1"

// access says what a method wants of the caller's token, before app decides the rest.
type access int

const (
	// denied is for methods that nobody has thought about.
	denied access = iota
	// open methods do not look at tokens: an old one must not keep anybody from signing in.
	open
	// optional methods take a token or none; a bad one is refused.
	optional
	// required methods want a good token.
	required
)

// accessOf is the one table of who may call at all. A method that is not in it is denied.
func accessOf(fullMethod string) access {
	switch fullMethod {
	case synctvv1.ServerService_GetServer_FullMethodName,
		synctvv1.AuthService_Register_FullMethodName,
		synctvv1.AuthService_Login_FullMethodName,
		synctvv1.AuthService_RedeemSetup_FullMethodName,
		synctvv1.AuthService_Refresh_FullMethodName,
		synctvv1.RoomService_LookupInvite_FullMethodName,
		synctvv1.RoomService_JoinAsGuest_FullMethodName:
		return open
	case synctvv1.RoomService_ListRooms_FullMethodName,
		synctvv1.StreamService_GetStream_FullMethodName,
		synctvv1.StreamService_ListStreams_FullMethodName:
		return optional
	case synctvv1.AuthService_Logout_FullMethodName,
		synctvv1.AuthService_ChangePassword_FullMethodName,
		synctvv1.AuthService_CreateTicket_FullMethodName,
		synctvv1.UserService_GetMe_FullMethodName,
		synctvv1.UserService_UpdateMe_FullMethodName,
		synctvv1.UserService_ListUsers_FullMethodName,
		synctvv1.UserService_CreateUser_FullMethodName,
		synctvv1.UserService_UpdateUser_FullMethodName,
		synctvv1.UserService_DeleteUser_FullMethodName,
		synctvv1.RoomService_CreateRoom_FullMethodName,
		synctvv1.RoomService_GetRoom_FullMethodName,
		synctvv1.RoomService_UpdateRoom_FullMethodName,
		synctvv1.RoomService_DeleteRoom_FullMethodName,
		synctvv1.RoomService_RotateInvite_FullMethodName,
		synctvv1.RoomService_JoinRoom_FullMethodName,
		synctvv1.RoomService_LeaveRoom_FullMethodName,
		synctvv1.RoomService_TransferOwnership_FullMethodName,
		synctvv1.RoomService_SetFavourite_FullMethodName,
		synctvv1.MemberService_ListMembers_FullMethodName,
		synctvv1.MemberService_UpdateMember_FullMethodName,
		synctvv1.MemberService_KickMember_FullMethodName,
		synctvv1.MemberService_BanMember_FullMethodName,
		synctvv1.MemberService_UnbanMember_FullMethodName,
		synctvv1.MemberService_ListBans_FullMethodName,
		synctvv1.MediaService_ListMedia_FullMethodName,
		synctvv1.MediaService_AddMedia_FullMethodName,
		synctvv1.MediaService_UpdateMedia_FullMethodName,
		synctvv1.MediaService_MoveMedia_FullMethodName,
		synctvv1.MediaService_DeleteMedia_FullMethodName,
		synctvv1.MediaService_ProbeMedia_FullMethodName,
		synctvv1.MediaService_ResolveMedia_FullMethodName,
		synctvv1.PlaybackService_GetPlayback_FullMethodName,
		synctvv1.PlaybackService_ControlPlayback_FullMethodName,
		synctvv1.ChatService_ListMessages_FullMethodName,
		synctvv1.ChatService_SendMessage_FullMethodName,
		synctvv1.ChatService_EditMessage_FullMethodName,
		synctvv1.ChatService_DeleteMessage_FullMethodName,
		synctvv1.ChatService_ListDanmaku_FullMethodName,
		synctvv1.StreamService_CreateStream_FullMethodName,
		synctvv1.StreamService_UpdateStream_FullMethodName,
		synctvv1.StreamService_DeleteStream_FullMethodName,
		synctvv1.StreamService_CreatePublishKey_FullMethodName,
		synctvv1.StreamService_ListPublishKeys_FullMethodName,
		synctvv1.StreamService_RevokePublishKey_FullMethodName,
		synctvv1.StreamService_CreatePlayToken_FullMethodName,
		synctvv1.StreamService_RevokePlayTokens_FullMethodName,
		synctvv1.StreamService_ListStreamSessions_FullMethodName,
		synctvv1.StreamService_KickStreamSession_FullMethodName,
		synctvv1.RecordingService_StartRecording_FullMethodName,
		synctvv1.RecordingService_StopRecording_FullMethodName,
		synctvv1.RecordingService_ListRecordings_FullMethodName,
		synctvv1.RecordingService_GetRecording_FullMethodName,
		synctvv1.RecordingService_DeleteRecording_FullMethodName,
		synctvv1.RealtimeService_Watch_FullMethodName:
		return required
	}
	return denied
}

package grpcd

import (
	"context"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
	"synctv/proto/translate"
)

// memberService reads and changes who belongs to a room and what they may do.
type memberService struct {
	synctvv1.UnimplementedMemberServiceServer
	app *app.App
}

// ListMembers implements synctv.v1.MemberService.
func (s *memberService) ListMembers(ctx context.Context, r *synctvv1.ListMembersRequest) (*synctvv1.ListMembersResponse, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.MembersView)
	if err != nil {
		return nil, err
	}
	page, err := translate.Page(r.GetPage())
	if err != nil {
		return nil, err
	}
	list, next, err := s.app.ListMembers(ctx, g, page)
	if err != nil {
		return nil, err
	}
	return &synctvv1.ListMembersResponse{Members: translate.Members(list), Page: translate.PageInfo(next)}, nil
}

// UpdateMember implements synctv.v1.MemberService.
func (s *memberService) UpdateMember(ctx context.Context, r *synctvv1.UpdateMemberRequest) (*synctvv1.Member, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.MembersManage)
	if err != nil {
		return nil, err
	}
	patch, err := translate.MemberPatch(r)
	if err != nil {
		return nil, err
	}
	info, err := s.app.UpdateMember(ctx, g, app.PersonID(r.GetPersonId()), patch)
	if err != nil {
		return nil, err
	}
	return translate.Member(info), nil
}

// KickMember implements synctv.v1.MemberService.
func (s *memberService) KickMember(ctx context.Context, r *synctvv1.KickMemberRequest) (*synctvv1.Empty, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.MembersManage)
	if err != nil {
		return nil, err
	}
	return empty(s.app.Kick(ctx, g, app.PersonID(r.GetPersonId()), r.GetReason()))
}

// BanMember implements synctv.v1.MemberService.
func (s *memberService) BanMember(ctx context.Context, r *synctvv1.BanMemberRequest) (*synctvv1.Empty, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.MembersManage)
	if err != nil {
		return nil, err
	}
	return empty(s.app.Ban(ctx, g, app.PersonID(r.GetPersonId()), r.GetReason()))
}

// UnbanMember implements synctv.v1.MemberService.
func (s *memberService) UnbanMember(ctx context.Context, r *synctvv1.UnbanMemberRequest) (*synctvv1.Empty, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.MembersManage)
	if err != nil {
		return nil, err
	}
	return empty(s.app.Unban(ctx, g, app.PersonID(r.GetPersonId())))
}

// ListBans implements synctv.v1.MemberService.
func (s *memberService) ListBans(ctx context.Context, r *synctvv1.ListBansRequest) (*synctvv1.ListBansResponse, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.MembersManage)
	if err != nil {
		return nil, err
	}
	page, err := translate.Page(r.GetPage())
	if err != nil {
		return nil, err
	}
	list, next, err := s.app.ListBans(ctx, g, page)
	if err != nil {
		return nil, err
	}
	return &synctvv1.ListBansResponse{Bans: translate.Bans(list), Page: translate.PageInfo(next)}, nil
}

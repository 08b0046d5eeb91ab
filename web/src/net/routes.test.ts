import { describe, expect, it } from 'vitest'
import { AuthService } from '../gen/synctv/v1/auth_pb'
import { ChatService } from '../gen/synctv/v1/chat_pb'
import { MediaService } from '../gen/synctv/v1/media_pb'
import { MemberService } from '../gen/synctv/v1/members_pb'
import { PlaybackService } from '../gen/synctv/v1/playback_pb'
import { RoomService } from '../gen/synctv/v1/rooms_pb'
import { ServerService } from '../gen/synctv/v1/server_pb'
import { UserService } from '../gen/synctv/v1/users_pb'
import { fillRoute, routeOf, toQuery } from './routes'

const services = [AuthService, ChatService, MediaService, MemberService, PlaybackService, RoomService, ServerService, UserService]

describe('routes', () => {
  it('are found for every method of the contract', () => {
    for (const method of services.flatMap((s) => s.methods)) {
      expect(routeOf(method).template, method.name).toMatch(/^\/api\/v1\//)
    }
  })

  it.each([
    [RoomService.method.createRoom, { verb: 'POST', template: '/api/v1/rooms', body: true }],
    [RoomService.method.listRooms, { verb: 'GET', template: '/api/v1/rooms', body: false }],
    [ChatService.method.editMessage, { verb: 'PATCH', template: '/api/v1/rooms/{room_id}/messages/{message_id}', body: true }],
    [MemberService.method.unbanMember, { verb: 'DELETE', template: '/api/v1/rooms/{room_id}/bans/{person_id}', body: false }],
    [RoomService.method.setFavourite, { verb: 'PUT', template: '/api/v1/rooms/{room_id}/favourite', body: true }],
  ])('say verb, path and body', (method, route) => {
    expect(routeOf(method)).toEqual(route)
  })

  it('take their fields out of the request and escape them', () => {
    const route = routeOf(ChatService.method.editMessage)
    expect(fillRoute(route, { roomId: 'room/1', messageId: 'm', text: 'hi' })).toEqual({
      path: '/api/v1/rooms/room%2F1/messages/m',
      rest: { text: 'hi' },
    })
  })

  it('put the rest of a GET into the query', () => {
    expect(toQuery({ scope: 'SCOPE_MINE', page: { limit: 50, cursor: 'a b' }, ids: [1, 2] })).toEqual([
      'scope=SCOPE_MINE', 'page.limit=50', 'page.cursor=a%20b', 'ids=1', 'ids=2',
    ])
  })
})

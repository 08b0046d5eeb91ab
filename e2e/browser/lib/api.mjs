// The owner of a test server, speaking REST.

/** Somebody with a token. */
export class Caller {
  constructor(base, token = '') {
    this.base = base
    this.token = token
  }

  async call(method, path, body) {
    const res = await fetch(`${this.base}${path}`, {
      method,
      headers: { ...(body && { 'content-type': 'application/json' }), ...(this.token && { authorization: `Bearer ${this.token}` }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await res.text()
    if (!res.ok) throw new Error(`${method} ${path}: ${res.status} ${text}`)
    return text ? JSON.parse(text) : {}
  }
}

/** Redeems the server's one-time link. */
export async function owner(server) {
  if (!server.link) throw new Error(`the server printed no one-time link:\n${server.log}`)
  const tokens = await new Caller(server.url).call('POST', '/api/v1/auth/setup', { token: new URL(server.link).hash.slice(1) })
  return new Caller(server.url, tokens.accessToken)
}

/** A guest of a room, without a browser. */
export async function guest(server, room, name) {
  const tokens = await new Caller(server.url).call('POST', `/api/v1/rooms/${room.id}/guests`, { name, inviteCode: room.inviteCode })
  return new Caller(server.url, tokens.accessToken)
}

/** A room with the film in it, standing at its beginning; everybody controls it. */
export async function standingRoom(who, url, settings = {}) {
  const room = await who.call('POST', '/api/v1/rooms', {
    name: 'Test', media: [{ url, title: 'Clip', delivery: 'DELIVERY_DIRECT' }], play: true,
    settings: { preset: 'PRESET_OPEN', guestsAllowed: true, visibility: 'VISIBILITY_PRIVATE', waitPolicy: 'WAIT_POLICY_SOFT', ...settings },
  })
  await who.call('POST', `/api/v1/rooms/${room.id}/playback`, { intent: { op: 'PLAYBACK_OP_PAUSE', positionMs: 0 } })
  await who.call('POST', `/api/v1/rooms/${room.id}/playback`, { intent: { op: 'PLAYBACK_OP_SEEK', positionMs: 0 } })
  return who.call('GET', `/api/v1/rooms/${room.id}`)
}

/** The room's playback as the server sees it. */
export const playbackOf = (who, room) => who.call('GET', `/api/v1/rooms/${room.id}/playback`)

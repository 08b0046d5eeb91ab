-- KEYS[1] the room. Returns node, entries, node, entries ... of what has not ended, and forgets the rest.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local fields = redis.call('HGETALL', KEYS[1])
local live = {}
for i = 1, #fields, 2 do
  if (tonumber(string.sub(fields[i + 1], 1, 16)) or 0) > now then
    live[#live + 1] = fields[i]
    live[#live + 1] = string.sub(fields[i + 1], 17)
  else
    redis.call('HDEL', KEYS[1], fields[i])
  end
end
return live

-- The shared clock: the server's time plus an offset that only ever grows, so that the clock survives the server's own
-- clock being set back.
-- KEYS[1] the offset in microseconds   ARGV[1] raise the clock to at least this (0: only read)
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local offset = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
local floor = tonumber(ARGV[1])
if floor > now + offset then
  offset = floor - now
  redis.call('SET', KEYS[1], string.format('%.0f', offset))
end
return string.format('%.0f', now + offset)

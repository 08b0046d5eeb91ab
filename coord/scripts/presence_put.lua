-- A room is a hash: node -> 16 digits of its end in microseconds, then its entries. The hash lives as long as its last field.
-- KEYS[1] the room   ARGV node, ttl in ms, entries
local t = redis.call('TIME')
local ends = t[1] * 1000000 + t[2] + ARGV[2] * 1000
redis.call('HSET', KEYS[1], ARGV[1], string.format('%016.0f', ends) .. ARGV[3])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1

-- KEYS[1] the lease "fence|holder"   KEYS[2] the last fence of all leases   ARGV holder, ttl in ms
local held = redis.call('GET', KEYS[1])
if held then
  local bar = string.find(held, '|', 1, true)
  if not bar or string.sub(held, bar + 1) ~= ARGV[1] then
    return {0, '0'}
  end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {1, string.sub(held, 1, bar - 1)}
end
-- From the clock, so that fences also grow when the server has forgotten the last one.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local last = tonumber(redis.call('GET', KEYS[2]) or '0') or 0
local fence = string.format('%.0f', math.max(last + 1, now))
redis.call('SET', KEYS[2], fence)
redis.call('SET', KEYS[1], fence .. '|' .. ARGV[1], 'PX', ARGV[2])
return {1, fence}

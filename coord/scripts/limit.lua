-- Generic cell rate algorithm, the same as gcra in limit.go. Times in microseconds; all stay below 2^53, where Lua's numbers are exact.
-- KEYS[1] theoretical arrival time   ARGV burst, per, cost
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local burst, per, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local tat = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
tat = math.min(math.max(tat, now), now + burst * per)
local at = tat + math.max(cost, 1) * per - burst * per
if at > now then
  return {0, string.format('%.0f', at - now), string.format('%.0f', now)}
end
if cost > 0 then
  local nxt = tat + cost * per
  redis.call('SET', KEYS[1], string.format('%.0f', nxt), 'PX', math.ceil((nxt - now) / 1000))
end
return {1, '0', string.format('%.0f', now)}

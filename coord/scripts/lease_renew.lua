-- KEYS[1] the lease "fence|holder"   ARGV holder, ttl in ms (0: release)
local held = redis.call('GET', KEYS[1])
local bar = held and string.find(held, '|', 1, true)
if not bar or string.sub(held, bar + 1) ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1

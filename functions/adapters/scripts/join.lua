-- KEYS seats users figures newcomers since bans  ARGV seat userId username now epoch cursor
-- Returns {} for a user who is banned, else {first, online, likes}.
local now = tonumber(ARGV[4])
-- Bans for good hold for as long as somebody asks.
redis.call('EXPIRE', KEYS[6], 30 * 24 * 3600)
if sentence(KEYS[6], ARGV[2], now) then return {} end
local first = take(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2], ARGV[3], now, ARGV[5])
if ARGV[6] ~= '' then
  redis.call('HSET', KEYS[5], ARGV[1], ARGV[6])
  keep(KEYS[5])
end
return {first, figure(KEYS[3], 'online'), figure(KEYS[3], 'likes')}

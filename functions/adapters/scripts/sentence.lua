-- Mute or ban a user, or let them off.
-- KEYS sentences  ARGV userId till (ms since the epoch; 0 for good, empty to let off)
-- Returns 1 if that changed anything.
if ARGV[2] == '' then return redis.call('HDEL', KEYS[1], ARGV[1]) end
local before = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], 30 * 24 * 3600)
return before == ARGV[2] and 0 or 1

-- Let a user off a mute or a ban.
-- KEYS sentences  ARGV userId now
-- Returns until when it would have held (ms since the epoch; 0 for good), empty if there was none that still did.
local holds = sentence(KEYS[1], ARGV[1], tonumber(ARGV[2]))
local till = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
return holds and till or ''

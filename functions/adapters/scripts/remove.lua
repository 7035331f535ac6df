-- Take a chat out of the history, and keep the relay from putting it there if it is yet to come.
-- KEYS history removed  ARGV seq
-- Returns 1 the first time.
redis.call('XDEL', KEYS[1], ARGV[1] .. '-0')
local first = redis.call('SADD', KEYS[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], 600)
return first

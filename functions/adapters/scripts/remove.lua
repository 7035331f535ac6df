-- Take a chat out of the history, and keep the relay from putting it there if it is yet to come.
-- KEYS history removed  ARGV seq
-- A stream has no 0-0.
redis.call('XDEL', KEYS[1], ARGV[1] == '0' and '0-1' or ARGV[1] .. '-0')
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], 600)
return 1

-- Mute or ban a user.
-- KEYS sentences  ARGV userId till (ms since the epoch; 0 for good) again (1: only if there is no newer sentence)
redis.call(ARGV[3] == '1' and 'HSETNX' or 'HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], 30 * 24 * 3600)
return 1

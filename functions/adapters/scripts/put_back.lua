-- A leave could not be published: take the seat again, with the watch time it had not been credited for.
-- KEYS seats users figures newcomers  ARGV seat userId username now epoch earned before most
take(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5])
redis.call('ZREM', KEYS[4], ARGV[1])
local user = read_user(KEYS[2], ARGV[2])
uncredit(KEYS[2], ARGV[2], user, tonumber(ARGV[4]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]))
return 1

-- What was accepted could not be published, so it must not have happened.
-- KEYS users figures rate [id]  ARGV userId kind count earned perSecond now before most
local users, figures, rate, id = unpack(KEYS)
local bucket = ARGV[2] == 'chat' and 'chat' or 'other'
local paid_until = redis.call('HGET', rate, bucket)
if paid_until then
  redis.call('HSET', rate, bucket, string.format('%.3f', tonumber(paid_until) - 1000 / tonumber(ARGV[5])))
end
if ARGV[2] == 'chat' then redis.call('HDEL', rate, 'spoke') end
if ARGV[2] == 'like' then redis.call('HINCRBY', figures, 'likes', -tonumber(ARGV[3])) end
local user = tonumber(ARGV[4]) > 0 and read_user(users, ARGV[1])
if user then uncredit(users, ARGV[1], user, tonumber(ARGV[6]), tonumber(ARGV[4]), tonumber(ARGV[7]), tonumber(ARGV[8])) end
if id then redis.call('DEL', id) end
return 1

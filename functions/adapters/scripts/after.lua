-- What a relay found out about a room by posting.
-- KEYS figures newcomers since gone, the seats of all buckets, the users of all buckets
-- ARGV buckets slice mark now most, number welcomed, welcomed..., then for each dead seat: seat connectionId userId seatBucket userBucket
-- Returns {online, likes, seat, username, earned ms, last, ms at which it ended, ms of the last credit before, ...}: six
-- for each seat that was there.
local figures, newcomers, since, gone = unpack(KEYS, 1, 4)
local buckets, now, most, welcomed = tonumber(ARGV[1]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
if ARGV[3] ~= '' then
  redis.call('HSET', figures, 'sent:' .. ARGV[2], ARGV[3])
  keep(figures)
end
for index = 7, 6 + welcomed do
  redis.call('ZREM', newcomers, ARGV[index])
  redis.call('HDEL', since, ARGV[index])
end
local ended = {}
for index = 7 + welcomed, #ARGV, 5 do
  local seat, connection_id, user_id = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  local seats, users = KEYS[5 + ARGV[index + 3]], KEYS[5 + buckets + ARGV[index + 4]]
  bury(gone, connection_id, now)
  local done = give_up(seats, users, figures, newcomers, seat, user_id, now, most)
  if done then
    for _, value in ipairs({seat, done[3], done[2], done[1], now, done[4]}) do ended[#ended + 1] = value end
  end
end
return {figure(figures, 'online'), figure(figures, 'likes'), unpack(ended)}

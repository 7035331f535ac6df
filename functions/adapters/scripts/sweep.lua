-- Give up the seats whose lease ran out, and count the room anew from what is left.
-- KEYS figures newcomers, the seats of all buckets, the users of all buckets
-- ARGV buckets cutoff most limit unwelcomedBefore
-- Returns {online, likes, seats left, seats given up, unwelcomed, seat, username, earned ms, last, ms at which it ended,
-- ms of the last credit before, ...}.
local figures, newcomers = KEYS[1], KEYS[2]
local buckets, most, limit = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4])
local ended, removed, left, online = {}, 0, 0, 0
local lapsed = {}
for bucket = 0, buckets - 1 do
  local seats = KEYS[3 + bucket]
  local found = redis.call('ZRANGEBYSCORE', seats, '-inf', '(' .. ARGV[2], 'WITHSCORES', 'LIMIT', 0, limit - #lapsed)
  for index = 1, #found, 2 do lapsed[#lapsed + 1] = {seats, found[index], tonumber(found[index + 1])} end
end
-- A user's seats in the order in which they ended, since a credit depends on the one before.
table.sort(lapsed, function(one, other) return one[3] < other[3] end)
for _, each in ipairs(lapsed) do
  local seats, seat, seen = unpack(each)
  local user_bucket, user_id = string.match(seat, '^[^\t]*\t[^\t]*\t(%d+)\t(.*)$')
  local users = KEYS[3 + buckets + user_bucket]
  -- Watched until the last sign of life: the lease is the server's patience, not the viewer's time.
  local done = give_up(seats, users, figures, newcomers, seat, user_id, seen, most)
  removed = removed + 1
  for _, value in ipairs({seat, done[3], done[2], done[1], seen, done[4]}) do ended[#ended + 1] = value end
end
for bucket = 0, buckets - 1 do
  left = left + redis.call('ZCARD', KEYS[3 + bucket])
  online = online + redis.call('HLEN', KEYS[3 + buckets + bucket])
end
if redis.call('EXISTS', figures) == 1 then redis.call('HSET', figures, 'seats', left, 'online', online) end
local unwelcomed = redis.call('ZCOUNT', newcomers, '-inf', ARGV[5])
return {online, figure(figures, 'likes'), left, removed, unwelcomed, unpack(ended)}

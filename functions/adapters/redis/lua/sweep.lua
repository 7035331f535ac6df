-- Gives up seats whose lease has expired, at most `limit`. A swept user has watched until the last sign of life: the
-- rest of the lease is the server's patience, not the viewer's time.
--
-- A place has expired if its lease has ended before `now`. Its reader has watched until it was last renewed.
--
-- If the figures do not fit the seats and users, a key was lost, and the room is counted again. Whoever lost a place by
-- that renews it within the interval that readers were told, which may be much longer than that of heartbeats.
-- USES seats recount
-- KEYS figures newcomers closing seats... places... users... (of all buckets)
-- ARGV expired_before:number most:number limit:number taken_before now:number epoch
-- Returns online, likes, seats left, unwelcomed, how many connections have waited since then for being cut off,
-- {{seat, ms at which it ended, what give_up returns}, ...}, 1 if the room was counted again, places left.
local expired, departures = {}, {}
local function find_expired(buckets, before)
  for _, bucket in ipairs(buckets) do
    local free, upto = limit - #expired, string.format('(%.0f', before)
    local found = redis.call('ZRANGEBYSCORE', bucket, '-inf', upto, 'WITHSCORES', 'LIMIT', 0, free)
    for index = 1, #found, 2 do
      expired[#expired + 1] = {bucket, found[index], (sign_of_life(found[index], found[index + 1]))}
    end
  end
end
find_expired(seats, expired_before)
find_expired(places, now)
-- A credit depends on the one before, so a user's seats are given up in the order in which they ended.
table.sort(expired, function(one, other) return one[3] < other[3] end)
for index, each in ipairs(expired) do
  local bucket, seat, ended_at = unpack(each)
  local _, user_bucket = unpack_seat(seat)
  local done = give_up(bucket, users[user_bucket + 1], figures, newcomers, seat, ended_at, most)
  departures[index] = {seat, ended_at, done}
end

local function counted(command, buckets)
  local sum = 0
  for _, bucket in ipairs(buckets) do sum = sum + redis.call(command, bucket) end
  return sum
end
local left, left_places, recounted = counted('ZCARD', seats), counted('ZCARD', places), 0
local fits = figure(figures, 'seats') == left and figure(figures, 'places') == left_places
fits = fits and figure(figures, 'online') == counted('HLEN', users)
if not fits or figure(figures, 'recount') == 1 then
  recounted = 1
  local everywhere = {unpack(seats)}
  for _, bucket in ipairs(places) do everywhere[#everywhere + 1] = bucket end
  local unheard_before = math.min(expired_before, now - LEASE_HEARTBEATS * 1000 * figure(figures, 'beat'))
  local gone = recount(figures, everywhere, users, unheard_before, limit - #departures)
  for _, departure in ipairs(gone) do departures[#departures + 1] = departure end
  redis.call('HSETNX', figures, 'epoch', epoch)
  redis.call('HSET', figures, 'seats', left, 'online', counted('HLEN', users))
  if left_places > 0 then redis.call('HSET', figures, 'places', left_places) else redis.call('HDEL', figures, 'places') end
  keep_figures(figures)
end
local function waiting(key) return redis.call('ZCOUNT', key, '-inf', taken_before) end
local unwelcomed, uncut = waiting(newcomers), waiting(closing)
return {figure(figures, 'online'), figure(figures, 'likes'), left, unwelcomed, uncut, departures, recounted,
  left_places}

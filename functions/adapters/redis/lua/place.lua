-- Takes a place in the gallery, or renews it. A lapsed place is taken again. A user has at most `most_places`: beyond
-- that the oldest is given up. It earns nothing by that, since the user stays.
--
-- A room with fewer than `seats_before` seats has no gallery for newcomers: they are to take a seat.
--
-- Each call is paid for as a join is, see rates.lua. In the second in which the gallery is opened nobody comes in
-- (gallery.lua): whoever calls then calls again after the ms that this returns.
--
-- Interval. All places together are renewed `beats_per_second` times a second at most. `everywhere` is how many places
-- there were in all rooms when the sweep looked last, and this room's own number is known exactly.
--
-- USES seats rates gallery
-- CONST SANCTION_SECONDS MOST_BEAT READING_MS
-- KEYS users figures newcomers gone bans cut joins properties gallery slots places... (of all buckets)
-- ARGV place bucket:number username attributes taken_at:number now:number epoch salt
-- ARGV seats_before:number least_beat:number beats_per_second:number everywhere:number
-- ARGV most_places:number join_burst:number join_per_second:number
-- Returns {'banned', the line of the ban}, {'kicked'} if the user was cut off since `taken_at`, {'gone'} if the place
-- was given up, {'too often', ms to wait}, {'opening', ms to wait}, {'seat', online, likes}, or
-- {'ok', 1 if the user's coming is to be announced, 1 if the place was there, online, likes, beat, what credit returns}.
redis.call('EXPIRE', bans, SANCTION_SECONDS)
local place_id, _, user_id = unpack_seat(place)
local line = redis.call('HGET', bans, user_id)
if line and sanctioned(bans, user_id, now) then return {'banned', line} end
local cut_at = tonumber(redis.call('ZSCORE', cut, user_id))
if cut_at and taken_at < cut_at then return {'kicked'} end
if redis.call('ZSCORE', gone, place_id) then return {'gone'} end
local own_places = places[bucket + 1]
local score = redis.call('ZSCORE', own_places, place)
if not score and figure(figures, 'seats') < seats_before then
  return {'seat', figure(figures, 'online'), figure(figures, 'likes')}
end

local at = server_ms()
local open = open_since(figures, gallery, slots, at)
if not open then
  open = at
  redis.call('HSETNX', figures, 'epoch', epoch)
  redis.call('DEL', gallery, slots)
  epoch = redis.call('HGET', figures, 'epoch')
  redis.call('HSET', gallery, 'epoch', epoch, 'open', string.format('%.0f', at), 'salt', salt)
end
local all = math.max(everywhere, figure(figures, 'places') + (score and 0 or 1))
local beat = math.min(MOST_BEAT, math.max(least_beat, math.ceil(all / beats_per_second)))
redis.call('HSET', figures, 'reading', string.format('%.0f', at + READING_MS), 'beat', beat)
redis.call('PEXPIRE', gallery, 2 * READING_MS)
keep_figures(figures)
if math.floor(open / 1000) == math.floor(at / 1000) then return {'opening', 1000 - at % 1000} end

if not pay_join(joins, user_id, join_burst, join_per_second, now) then
  return {'too often', join_wait(joins, user_id, join_burst, join_per_second, now)}
end
local first, stretch = 0, {now, now, 0}
if score then
  local last, before = sign_of_life(place, score)
  redis.call('ZADD', own_places, 'XX', lease_from(place, now, beat), place)
  local user = read_user(users, user_id)
    or restore(users, figures, user_id, username, attributes, last, own_seat(own_places, place))
  if user.unsure == '?' then first, user.unsure = 1, '' end
  if user.name == '' then user.name, user.attributes = username, attributes end
  stretch = credit(users, user_id, user, now, most_credit(math.max(before, least_beat)))
  keep(own_places, users, figures)
else
  local before = read_user(users, user_id)
  first = take(own_places, users, figures, newcomers, place, username, attributes, now, epoch, beat)
  local user = read_user(users, user_id)
  -- A place that was lost with its key was watched from all the same.
  local is_lost = before and (before.unsure == '~' or has(before.own, own_seat(own_places, place)))
  if is_lost then stretch = credit(users, user_id, user, now, most_credit(beat)) end
  local own = places_of_user(user, place)
  for index = 1, #own - most_places do
    give_up(places[own[index][2]], users, figures, newcomers, own[index][1], now)
  end
end
-- The room's properties last while anybody comes to the room.
keep(properties)
return {'ok', first, score and 1 or 0, figure(figures, 'online'), figure(figures, 'likes'), beat, stretch}

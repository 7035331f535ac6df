-- Takes a seat, unless the user is banned or has joined too often. A user has at most `most_seats`: beyond that the
-- oldest is given up. It earns nothing by that, since the user stays, and the next credit covers the time.
--
-- Joins are paid for, see rates.lua. What a newcomer has missed can be many POSTs, so it is told again only while half
-- of the burst is left. A user who reconnects in a loop gets welcomes without a history, and with a gap.
--
-- USES seats rates closing
-- CONST SANCTION_SECONDS
-- KEYS users figures newcomers since gone bans joins closing properties seats... (of all buckets)
-- ARGV seat bucket:number username attributes now:number epoch cursor
-- ARGV most_seats:number join_burst:number join_per_second:number
-- Returns {'banned'}, {'too often'} or {'ok', first, online, likes, how many seats were given up}.
-- A permanent ban lasts while anybody comes to the room.
redis.call('EXPIRE', bans, SANCTION_SECONDS)
local _, _, user_id = unpack_seat(seat)
if sanctioned(bans, user_id, now) then return {'banned'} end
local left = pay_join(joins, user_id, join_burst, join_per_second, now)
if not left then return {'too often'} end
local first = take(seats[bucket + 1], users, figures, newcomers, seat, username, attributes, now, epoch)
-- No epoch fits "!", which asks for no history: rooms/history.py.
if left < math.floor(join_burst / 2) then cursor = '!' end
if cursor ~= '' then
  redis.call('HSET', since, seat, cursor)
  keep(since)
end
-- The room's properties last while anybody comes to the room.
keep(properties)
local own = seats_of_user(read_user(users, user_id), seat)
for index = 1, #own - most_seats do
  local oldest, at = unpack(own[index])
  give_up(seats[at], users, figures, newcomers, oldest, now)
  redis.call('HDEL', since, oldest)
  close_off(closing, gone, 'replaced', oldest, now)
end
return {'ok', first, figure(figures, 'online'), figure(figures, 'likes'), math.max(0, #own - most_seats)}

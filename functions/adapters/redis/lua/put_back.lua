-- Undoes that a seat was given up: takes it again, with the stretch of watching that was told then.
--
-- The user may have come again meanwhile, and may have another stretch. If both meet they become one, so that the next
-- end of a seat tells all of it. If there is time between them that nobody watched, the later one stays.
--
-- Ticks that were made meanwhile have not reached the seat. So it is a newcomer again: its welcome tells of a gap. A
-- place is welcomed by nobody: its reader renews it, or the sweep gives it up.
--
-- If this was the user's last seat, nobody knows whether the others were told that the user left. So the user's next
-- frame or seat announces the user again.
--
-- USES seats
-- KEYS seats users figures newcomers since
-- ARGV seat username attributes now:number epoch start:number credited:number
-- ARGV missed_at (a newcomer's time, at which no handshake of today was under way)
local connection_id, _, user_id = unpack_seat(seat)
if connection_id == '' then
  -- A user whose seats were lost (recount.lua) is left to the next sweep, or has come again.
  if redis.call('HEXISTS', users, user_id) == 0 then
    redis.call('HINCRBY', figures, 'online', 1)
    restore(users, figures, user_id, username, attributes, credited, own_seat(seats, seat))
  end
  return 1
end
local present = read_user(users, user_id)
if present and present.name ~= '' then username, attributes = present.name, present.attributes end
take(seats, users, figures, newcomers, seat, username, attributes, now, epoch)
if not is_place(seat) then
  redis.call('ZADD', newcomers, missed_at, seat)
  redis.call('HSET', since, seat, '-')
  keep(since)
end
local user = read_user(users, user_id)
if start <= user.credited and user.start <= credited then
  user.start, user.credited = math.min(user.start, start), math.max(user.credited, credited)
elseif credited > user.credited then
  user.start, user.credited = start, credited
end
if user.count == 1 then user.unsure = '?' end
write_user(users, user_id, user)
return 1

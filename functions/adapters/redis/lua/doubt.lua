-- Ends the lease of a seat, whose user's coming may have been announced or not. So the sweep gives the seat up and
-- announces that the user left, or the user comes again before that, and is announced then.
-- USES seats
-- KEYS seats users
-- ARGV seat
if redis.call('ZADD', seats, 'XX', 'CH', 0, seat) == 0 then return 0 end
local _, _, user_id = unpack_seat(seat)
local user = read_user(users, user_id)
if user then
  user.unsure = user.count == 1 and '?' or user.unsure
  write_user(users, user_id, user)
end
return 1

-- Gives up a seat for good, or a place. Anybody may name a place that there is not, and nothing is noted of it.
-- USES seats
-- KEYS seats users figures newcomers gone
-- ARGV seat now:number most:number (none: nothing is earned)
-- Returns {} if the seat was given up before, else {online, likes, what give_up returns}.
local connection_id = unpack_seat(seat)
if not is_place(seat) or redis.call('ZSCORE', seats, seat) then end_connection(gone, connection_id, now) end
local done = give_up(seats, users, figures, newcomers, seat, now, most)
if not done then return {} end
return {figure(figures, 'online'), figure(figures, 'likes'), done}

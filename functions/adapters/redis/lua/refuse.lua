-- Counts a frame that was refused before it came to the room, because it is malformed or not allowed.
-- USES seats closing
-- KEYS users gone bans rate closing
-- ARGV seat now:number flood_refusals:number flood_ms:number
-- Returns 'gone' if the connection has ended, 'flood' if this refusal made a flood, else 'refused'.
local connection_id, _, user_id = unpack_seat(seat)
if redis.call('ZSCORE', gone, connection_id) or sanctioned(bans, user_id, now) then return 'gone' end
return floods(users, gone, bans, rate, closing, seat, now, flood_refusals, flood_ms) and 'flood' or 'refused'

-- Ends a connection of a user whom the platform has banned from all rooms. A relay tells it why, and closes it.
-- USES seats closing
-- KEYS gone closing
-- ARGV seat reason now:number
-- Returns 1, 0 if the connection had ended before.
if redis.call('ZSCORE', gone, (unpack_seat(seat))) then return 0 end
close_off(closing, gone, reason, seat, now)
return 1

-- Tells why join.lua would take no seat now. It takes no seat and pays for no join.
-- USES seats rates
-- KEYS bans joins
-- ARGV user_id now:number join_burst:number join_per_second:number
-- Returns {'banned', the line of the ban}, {'too often', ms to wait} or {'ok'}.
local line = redis.call('HGET', bans, user_id)
if line and sanctioned(bans, user_id, now) then return {'banned', line} end
local wait = join_wait(joins, user_id, join_burst, join_per_second, now)
if wait > 0 then return {'too often', wait} end
return {'ok'}

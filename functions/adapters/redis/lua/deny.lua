-- Takes an accepted chat back that the platform's review has denied, and counts that for a flood. Its cost stays paid.
-- Whoever sends its id again is told the same.
-- USES seats ids closing
-- KEYS users gone bans rate closing
-- KEYS ids... (the chat's, if it has one)
-- ARGV seat accepted_at:number now:number flood_refusals:number flood_ms:number
-- ARGV pending (what accept.lua kept under the id, nothing if the id was denied before) denied (what it has from now on)
-- Returns as refuse.lua.
local connection_id, _, user_id = unpack_seat(seat)
if pending ~= '' then
  -- A relay may have settled the id meanwhile, by an earlier record. That stays.
  if ids[1] and redis.call('GET', ids[1]) == pending then keep_id(ids[1], denied) end
  -- The chat was not shown, so slow mode does not count it.
  if tonumber(redis.call('HGET', rate, 'spoke') or '0') == accepted_at then redis.call('HDEL', rate, 'spoke') end
end
if redis.call('ZSCORE', gone, connection_id) or sanctioned(bans, user_id, now) then return 'gone' end
return floods(users, gone, bans, rate, closing, seat, now, flood_refusals, flood_ms) and 'flood' or 'refused'

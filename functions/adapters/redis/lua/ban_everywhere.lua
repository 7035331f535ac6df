-- Puts a ban of the platform, for all rooms, on its list, unless that has MOST_BANS others. It is one key and not a
-- room's: see platform_bans.py.
--
-- platform_bans  hash  userId -> a line, as of a room's ban; "\tversion" -> a text that changes with the list
--
-- CONST MOST_BANS
-- KEYS platform_bans
-- ARGV user_id line version now:number
-- Returns 1, 0 if the list is full.
local function is_full() return redis.call('HLEN', platform_bans) - 1 >= MOST_BANS end

if redis.call('HEXISTS', platform_bans, user_id) == 0 and is_full() then
  local lines = redis.call('HGETALL', platform_bans)
  for at = 1, #lines, 2 do
    local till = tonumber(string.match(lines[at + 1], '^(%d+)\t'))
    if till and till ~= 0 and till <= now then redis.call('HDEL', platform_bans, lines[at]) end
  end
  if is_full() then return 0 end
end
redis.call('HSET', platform_bans, user_id, line, '\tversion', version)
return 1

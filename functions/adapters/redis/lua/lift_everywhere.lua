-- Takes a ban of the platform off its list.
-- USES seats
-- KEYS platform_bans
-- ARGV user_id version now:number
-- Returns its line, '' if none held any more.
local line = redis.call('HGET', platform_bans, user_id)
local held = sanctioned(platform_bans, user_id, now)
if line then
  redis.call('HDEL', platform_bans, user_id)
  redis.call('HSET', platform_bans, '\tversion', version)
end
return held and line or ''

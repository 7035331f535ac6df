-- Lifts a user's mute or ban.
-- USES seats
-- KEYS sanctions
-- ARGV user_id now:number
-- Returns its line, '' if none held any more.
local line = redis.call('HGET', sanctions, user_id)
local held = sanctioned(sanctions, user_id, now)
redis.call('HDEL', sanctions, user_id)
return held and line or ''

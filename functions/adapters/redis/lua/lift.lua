-- Lifts a user's mute or ban.
-- USES seats
-- KEYS sanctions
-- ARGV user_id now:number
-- Returns the ms until which it would have held, 0 for good, '' if none held any more.
local held = sanctioned(sanctions, user_id, now)
local till = redis.call('HGET', sanctions, user_id)
redis.call('HDEL', sanctions, user_id)
return held and till or ''

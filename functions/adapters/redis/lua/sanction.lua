-- Mutes or bans a user by a line of `sanctions`; with `unless_newer` (1) only if no newer mute or ban has come. With
-- `cut_at` the user is cut off: no connection that was made before may send any more.
-- USES seats
-- CONST SANCTION_SECONDS
-- KEYS sanctions cut
-- ARGV user_id line unless_newer:number cut_at:number (none: a mute, or one that is put back)
redis.call(unless_newer == 1 and 'HSETNX' or 'HSET', sanctions, user_id, line)
redis.call('EXPIRE', sanctions, SANCTION_SECONDS)
if cut_at then cut_off(cut, user_id, cut_at) end
return 1

-- Cuts a user off: no connection that was made before now may send any more.
-- USES seats
-- KEYS cut
-- ARGV user_id now:number
cut_off(cut, user_id, now)
return 1

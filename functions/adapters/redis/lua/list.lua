-- Puts a room on the list that the sweep goes through.
-- USES seats
-- KEYS rooms
-- ARGV activity_id now if_missing:number (1: a room that is on the list keeps its place)
redis.call('ZADD', rooms, if_missing == 1 and 'NX' or 'GT', now, activity_id)
keep(rooms)
return 1

-- Put a room on the list that the sweep goes through.
-- KEYS rooms  ARGV activityId now
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
keep(KEYS[1])
return 1

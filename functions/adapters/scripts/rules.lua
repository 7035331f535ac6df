-- Change what a room allows; an empty value leaves it as it is.
-- KEYS figures  ARGV slow (s) frozen (0 or 1)
-- Returns {slow, frozen}.
if ARGV[1] ~= '' then redis.call('HSET', KEYS[1], 'slow', ARGV[1]) end
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'frozen', ARGV[2]) end
keep(KEYS[1])
return {figure(KEYS[1], 'slow'), figure(KEYS[1], 'frozen')}

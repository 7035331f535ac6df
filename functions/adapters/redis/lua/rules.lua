-- Changes a room's rules; an empty value leaves one as it is.
-- USES seats
-- KEYS figures
-- ARGV slow (s) frozen (0 or 1)
-- Returns {slow, frozen}.
if slow ~= '' then redis.call('HSET', figures, 'slow', slow) end
if frozen ~= '' then redis.call('HSET', figures, 'frozen', frozen) end
keep_figures(figures)
return {figure(figures, 'slow'), figure(figures, 'frozen')}

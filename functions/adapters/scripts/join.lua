-- KEYS seats users figures newcomers  ARGV seat userId username now epoch
-- Returns {first, online, likes}.
local first = take(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5])
return {first, figure(KEYS[3], 'online'), figure(KEYS[3], 'likes')}

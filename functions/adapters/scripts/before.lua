-- What a relay needs to know of a room before it posts.
-- KEYS figures newcomers seats...  ARGV slice
-- Returns {online, likes, epoch, mark, {newcomer, ...}, {seat, ...}}; the newcomers are those of all slices.
local seats = {}
for index = 3, #KEYS do
  for _, seat in ipairs(redis.call('ZRANGE', KEYS[index], 0, -1)) do seats[#seats + 1] = seat end
end
local mark = redis.call('HGET', KEYS[1], 'sent:' .. ARGV[1]) or ''
local epoch = redis.call('HGET', KEYS[1], 'epoch') or ''
local newcomers = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
return {figure(KEYS[1], 'online'), figure(KEYS[1], 'likes'), epoch, mark, newcomers, seats}

-- The seats that a user has in one bucket; bucket by bucket, so that a large room is not held up.
-- KEYS seats  ARGV the end of the user's packed seats
local found, tail = {}, ARGV[1]
for _, seat in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if string.sub(seat, -#tail) == tail then found[#found + 1] = seat end
end
return found

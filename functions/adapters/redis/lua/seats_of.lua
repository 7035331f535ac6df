-- The seats of a user in one bucket. One call for each bucket, so that a large room does not hold up the others.
-- KEYS seats
-- ARGV tail (how each of the user's packed seats ends)
local found = {}
for _, seat in ipairs(redis.call('ZRANGE', seats, 0, -1)) do
  if string.sub(seat, -#tail) == tail then found[#found + 1] = seat end
end
return found

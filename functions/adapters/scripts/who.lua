-- A page of the people in a room, in the order of buckets and user ids, which stays the same while people come and go.
-- KEYS figures, users of the cursor's bucket, users of the next bucket, ...  ARGV limit after
-- Returns {online, bucket of the last one counted from the first key, more, userId, username, ...}.
local limit, after = tonumber(ARGV[1]), ARGV[2]
local page, taken, last, more = {}, 0, 0, 0
for index = 2, #KEYS do
  local lines = redis.call('HGETALL', KEYS[index])
  local names, ids = {}, {}
  for i = 1, #lines, 2 do
    if index > 2 or lines[i] > after then
      ids[#ids + 1] = lines[i]
      names[lines[i]] = string.match(lines[i + 1], '^%d+:%d+%+?%d*:(.*)$')
    end
  end
  table.sort(ids)
  for _, user_id in ipairs(ids) do
    if taken == limit then more = 1 break end
    page[#page + 1], page[#page + 2] = user_id, names[user_id]
    taken, last = taken + 1, index - 2
  end
  if more == 1 then break end
end
return {figure(KEYS[1], 'online'), last, more, unpack(page)}

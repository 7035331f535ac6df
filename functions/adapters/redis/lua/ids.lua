-- Library: the ids that clients give their frames and calls, each a key with its result (rooms/results.py).
--
-- An event with an `id` leaves its result under the id, and an event sent again under the id gets that result. A chat or a
-- notice is pending until a relay settles it (settle.lua). After PENDING_MS the id is free again.
--
-- CONST PENDING_MS RESULT_MS

-- Returns the first result of an id that is not free, and 1 if the id is free again.
local function read_id(id, now)
  local first = redis.call('GET', id)
  local pending = first and string.match(first, '^pending:(%d+):')
  if pending and now - tonumber(pending) > PENDING_MS then return nil, 1 end
  return first, 0
end

local function keep_id(id, result)
  redis.call('SET', id, result, 'PX', RESULT_MS)
end

-- Takes back that an id was kept with this `result`: it is new again, or has what it had `before`. A relay may have
-- settled it meanwhile, which stays.
local function release_id(id, result, before)
  if redis.call('GET', id) ~= result then return end
  if before == '' then redis.call('DEL', id) else keep_id(id, before) end
end

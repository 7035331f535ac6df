-- Library: counts a room again from its seats, after a key was lost.
--
-- In: all buckets of a room; those of its places count as seats. The seats say who is there. Each user's line gets the number of seats that the user has, and
-- a user without a line gets one, with a name that the next heartbeat fills in. A user without a seat may have lost it
-- with its key, and takes it again with the next heartbeat: the user stays until a lease has passed since the last one.
-- It needs the library seats.

-- A large room has tens of thousands of seats, and Redis serves nothing else meanwhile. So a seat or a line is taken apart
-- no further than needed.

-- How a packed seat ends: "<the user's bucket>\t<userId>".
local function user_of(seat) return string.match(seat, '\t.\t(.*)$') end

-- Lists of the seats in each bucket, and how many seats each user has.
local function seated_users(seats)
  local lists, counts = {}, {}
  for index, bucket in ipairs(seats) do
    lists[index] = redis.call('ZRANGE', bucket, 0, -1)
    for _, seat in ipairs(lists[index]) do
      local user = user_of(seat)
      counts[user] = (counts[user] or 0) + 1
    end
  end
  return lists, counts
end

-- What stands behind the lines of the users in `wanted`: their seats, in any order.
local function seats_behind(seats, lists, wanted)
  local behind = {}
  if not next(wanted) then return behind end
  for index, list in ipairs(lists) do
    for _, seat in ipairs(list) do
      local user = user_of(seat)
      if wanted[user] then behind[user] = (behind[user] or '') .. own_seat(seats[index], seat) end
    end
  end
  return behind
end

-- Gives the users in `counts` a line, who have none.
local function add_users(seats, users, lists, counts, behind)
  if not next(counts) then return end
  for index, list in ipairs(lists) do
    for _, seat in ipairs(list) do
      local name = user_of(seat)
      local count = counts[name]
      if count then
        local _, bucket, user_id = unpack_seat(seat)
        local last = sign_of_life(seat, redis.call('ZSCORE', seats[index], seat))
        local before = read_user(users[bucket + 1], user_id)
        if before then last = math.max(last, before.credited) end
        local user = {count = count, unsure = '', start = last, credited = last, name = '', attributes = '', own = behind[name]}
        write_user(users[bucket + 1], user_id, user)
      end
    end
  end
end

-- Sets a line right whose number of seats, or what stands behind it, is not as it should be.
local function correct(bucket, user_id, line, count, own)
  local user = parse_user(line)
  user.count, user.unsure, user.own = count, count == 0 and '~' or user.unsure == '?' and '?' or '', own
  write_user(bucket, user_id, user)
end

-- Sets the lines of all users right. Returns at most `limit` departures as sweep.lua does, of users who have left with a
-- seat that nobody knows: its connection is empty.
local function recount(figures, seats, users, expired_before, limit)
  local departures, waiting, wrong, wanted = {}, 0, {}, {}
  local lists, counts = seated_users(seats)
  for index, bucket in ipairs(users) do
    local lines, head = redis.call('HGETALL', bucket), index - 1 .. '\t'
    for at = 1, #lines, 2 do
      local user_id, line = lines[at], lines[at + 1]
      local name = head .. user_id
      local count = counts[name]
      counts[name] = nil
      local user = not count and parse_user(line)
      if user and user.credited < expired_before and #departures < limit then
        redis.call('HDEL', bucket, user_id)
        local stretch = {user.start, user.credited, 0}
        departures[#departures + 1] = {'\tc\t' .. name, user.credited, {1, user.name, stretch, user.attributes}}
      else
        if user then waiting = waiting + 1 end
        local known = string.match(line, '^(%d+)%??:')
        if not known or tonumber(known) ~= count then
          wrong[#wrong + 1], wanted[name] = {bucket, user_id, line, count or 0, name}, true
        end
      end
    end
  end
  for name in pairs(counts) do wanted[name] = true end
  local behind = seats_behind(seats, lists, wanted)
  for _, each in ipairs(wrong) do
    local bucket, user_id, line, count, name = unpack(each)
    correct(bucket, user_id, line, count, behind[name] or '')
  end
  add_users(seats, users, lists, counts, behind)
  keep(unpack(users))
  redis.call('HDEL', figures, 'recount')
  if waiting > 0 then redis.call('HSET', figures, 'recount', 1) end
  return departures
end

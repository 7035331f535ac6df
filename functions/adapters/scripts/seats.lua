-- Put before every other script: how a seat is taken, kept and given up. Figures and seats change together or not at
-- all. Every write sets a time to live, since ElastiCache Serverless evicts only keys that have one.
--
-- seats    sorted set  packed seat -> ms of its last sign of life (one key a bucket of connection ids)
-- users    hash        userId -> "<seats>:<ms of the last watch time credit>:<username>" (one key a bucket of user ids);
--                      "<ms>+<ms owed>" where a credit was taken back that the next one does not reach back to
-- figures  hash        online (distinct users), seats, likes, epoch, slow (s), frozen (1), sent:<slice>
-- newcomers sorted set packed seat -> ms it was taken; seats that have not been welcomed
-- since    hash        packed seat -> the cursor it resumes from, "-" for one that leads nowhere, until it is welcomed
-- gone     sorted set  connection id -> ms it ended; a late frame must not bring a closed connection back
-- mutes, bans  hash    userId -> ms until which it holds, 0 for good
local ROOM_TTL = 7 * 24 * 3600
local GONE_MS = 120000

local function keep(...)
  for _, key in ipairs({...}) do redis.call('EXPIRE', key, ROOM_TTL) end
end

local function read_user(users, user_id)
  local line = redis.call('HGET', users, user_id)
  if not line then return nil end
  local count, credited, owed, name = string.match(line, '^(%d+):(%d+)%+?(%d*):(.*)$')
  return {count = tonumber(count), credited = tonumber(credited), owed = tonumber(owed) or 0, name = name}
end

local function write_user(users, user_id, user)
  local owed = user.owed > 0 and string.format('+%.0f', user.owed) or ''
  redis.call('HSET', users, user_id, string.format('%d:%.0f%s:%s', user.count, user.credited, owed, user.name))
end

-- Returns 1 if it is the user's first seat, else 0.
local function take(seats, users, figures, newcomers, seat, user_id, name, now, epoch)
  redis.call('HSETNX', figures, 'epoch', epoch)
  local first = 0
  if redis.call('ZADD', seats, 'NX', now, seat) == 1 then
    redis.call('HINCRBY', figures, 'seats', 1)
    redis.call('ZADD', newcomers, now, seat)
    local user = read_user(users, user_id)
    if not user then
      user = {count = 0, credited = now, owed = 0}
      redis.call('HINCRBY', figures, 'online', 1)
      first = 1
    end
    user.count, user.name = user.count + 1, name
    write_user(users, user_id, user)
  end
  keep(seats, users, figures, newcomers)
  return first
end

local function between(before, now, most)
  return math.max(0, math.min(now - before, most))
end

-- Milliseconds of watch time since the user's last credit, never more than `most`, with what is owed; and the ms of that
-- last credit.
local function credit(users, user_id, user, now, most)
  local before, owed = user.credited, user.owed
  user.credited, user.owed = math.max(before, now), 0
  write_user(users, user_id, user)
  return between(before, now, most) + owed, before
end

-- Take back what was credited at `now`, where the last credit before was at `before`.
local function uncredit(users, user_id, user, now, earned, before, most)
  if user.credited == now then
    user.credited, user.owed = before, user.owed + earned - between(before, now, most)
  else
    -- Somebody was credited since, from `now` on: no later credit reaches back to before.
    user.owed = user.owed + earned
  end
  write_user(users, user_id, user)
end

-- Returns nil if there is no such seat, else {last, earned ms, username, ms of the last credit before}; last is 1 if
-- the user has no seat left. Without `most` nothing is earned.
local function give_up(seats, users, figures, newcomers, seat, user_id, now, most)
  redis.call('ZREM', newcomers, seat)
  if redis.call('ZREM', seats, seat) == 0 then return nil end
  redis.call('HINCRBY', figures, 'seats', -1)
  local user = read_user(users, user_id)
  if not user then return {1, 0, '', now} end
  user.count = user.count - 1
  local earned, before = 0, user.credited
  if most then
    earned, before = credit(users, user_id, user, now, most)
  else
    write_user(users, user_id, user)
  end
  if user.count > 0 then return {0, earned, user.name, before} end
  redis.call('HDEL', users, user_id)
  redis.call('HINCRBY', figures, 'online', -1)
  return {1, earned, user.name, before}
end

local function figure(figures, name)
  return tonumber(redis.call('HGET', figures, name) or '0')
end

-- Milliseconds for which a mute or ban still holds, 0 for good, nil if there is none.
local function sentence(sentences, user_id, now)
  local till = tonumber(redis.call('HGET', sentences, user_id))
  if not till then return nil end
  if till == 0 then return 0 end
  return till > now and till - now or nil
end

local function bury(gone, connection_id, now)
  redis.call('ZADD', gone, now, connection_id)
  redis.call('ZREMRANGEBYSCORE', gone, '-inf', now - GONE_MS)
  redis.call('EXPIRE', gone, math.ceil(GONE_MS / 1000))
end

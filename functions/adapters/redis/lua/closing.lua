-- Library: connections that are to be closed, and the floods that make them so.
--
-- closing  sorted set  "<reason>\t<packed seat>" -> ms; a relay tells the connection why, and closes it
--
-- A connection on this list has ended for the room at once: its frames are ignored and it hears nothing more.
--
-- A flood. A user who is refused `flood_refusals` times within `flood_ms` is banned for a while, on all connections
-- together. The first refusal after such a time begins a new one.
--
-- CONST GONE_MS FLOOD_BAN_MS SANCTION_SECONDS RATE_MS
local function close_off(closing, gone, reason, seat, now)
  end_connection(gone, unpack_seat(seat), now)
  redis.call('ZADD', closing, now, reason .. '\t' .. seat)
  redis.call('ZREMRANGEBYSCORE', closing, '-inf', now - GONE_MS)
  redis.call('PEXPIRE', closing, GONE_MS)
end

-- What a connection is told of a ban that holds for so many ms, 0 for good: rooms/cuts.py reads it.
local function banned_as(left, why)
  return string.format('banned %s %s', left == 0 and '-' or math.ceil(left / 1000), why)
end

-- Counts a refusal; returns whether it made a flood, so that the user was cut off.
local function floods(users, gone, bans, rate, closing, seat, now, flood_refusals, flood_ms)
  local since, count = string.match(redis.call('HGET', rate, 'refused') or '', '^(%d+):(%d+)$')
  since, count = tonumber(since), tonumber(count)
  if not since or now - since >= flood_ms then since, count = now, 0 end
  if count + 1 < flood_refusals then
    redis.call('HSET', rate, 'refused', string.format('%.0f:%d', since, count + 1))
    local kept = math.max(RATE_MS, flood_ms)
    if redis.call('PTTL', rate) < kept then redis.call('PEXPIRE', rate, kept) end
    return false
  end
  redis.call('HDEL', rate, 'refused')
  local _, _, user_id = unpack_seat(seat)
  -- By nobody: as floods.py announces it.
  local ban = string.format('%.0f\t%.0f\tplatform\tplatform\tflooding', now + FLOOD_BAN_MS, now)
  redis.call('HSET', bans, user_id, ban)
  redis.call('EXPIRE', bans, SANCTION_SECONDS)
  close_off(closing, gone, 'flooding', seat, now)
  local user = read_user(users, user_id)
  for _, own in ipairs(user and seats_of_user(user, seat) or {}) do close_off(closing, gone, 'flooding', own[1], now) end
  return true
end

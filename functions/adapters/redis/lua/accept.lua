-- Takes in a frame of kind chat, like, heartbeat or who: all of it, or nothing if the frame is refused.
--
-- Frames are paid for, see rates.lua: chat has a bucket of its own. A moderator may send faster than the rates, but
-- what is above them counts for a flood like another user's refusals, see closing.lua.
--
-- A connection that was made before its user was last banned or kicked is cut off, and so is every connection while a
-- ban holds. Cutting a user off closes the connections that have a seat. So this is for one whose seat had lapsed, or
-- that could not be closed: a silent connection must not be in again by itself when a ban ends.
--
-- USES seats ids rates closing json_size page
-- CONST WELCOME_MS
-- KEYS seats users figures newcomers since gone mutes bans cut closing rate
-- KEYS ids... (the frame's, if it has one) people... (for kind who, as in who.lua)
-- ARGV seat username attributes connected_at:number now:number epoch kind count result (to keep under the id)
-- ARGV burst:number per_second:number most:number exempt:number (1: whatever the bucket and the rules say)
-- ARGV most_seats:number flood_refusals:number flood_ms:number limit:number scan after (for kind who)
-- Returns {'gone'}, {'cut'}, {'repeat', first result}, {'refused', code, ms to wait, 0 if that is not known},
-- {'flood', code, ms to wait} if this refusal made a flood, or
-- {'ok', retaken ('', 'first' or 'further'), online, likes, unwelcomed, freed, what credit returns, what read_page
-- returns for kind who}.
local connection_id, _, user_id = unpack_seat(seat)
if redis.call('ZSCORE', gone, connection_id) then return {'gone'} end
local banned, why = sanctioned(bans, user_id, now)
local cut_at = tonumber(redis.call('ZSCORE', cut, user_id))
if banned or cut_at and connected_at < cut_at then
  close_off(closing, gone, banned and banned_as(banned, why) or 'kicked', seat, now)
  return {'cut'}
end

local function refuse(code, wait)
  local flood = floods(users, gone, bans, rate, closing, seat, now, flood_refusals, flood_ms)
  return {flood and 'flood' or 'refused', code, wait}
end

-- Returns nil if the frame is paid for or need not be.
local function refuse_above_rate(code)
  local wait = pay(rate, kind == 'chat' and 'chat' or 'other', burst, per_second, now)
  if wait == 0 then return nil end
  local answer = refuse(code, wait)
  return (exempt == 0 or answer[1] == 'flood') and answer or nil
end

local id, freed = ids[1], 0
if id then
  local first
  first, freed = read_id(id, now)
  if first then return refuse_above_rate('unavailable') or {'repeat', first} end
end

if exempt == 0 and kind == 'chat' then
  if figure(figures, 'frozen') == 1 then return refuse('frozen', 0) end
  local muted = sanctioned(mutes, user_id, now)
  if muted then return refuse('muted', muted) end
  local slow = figure(figures, 'slow') * 1000
  local wait = tonumber(redis.call('HGET', rate, 'spoke') or '0') + slow - now
  if slow > 0 and wait > 0 then return refuse('slow_mode', wait) end
end
local above_rate = refuse_above_rate('rate_limited')
if above_rate then return above_rate end
-- Without slow mode too: it may be switched on.
if exempt == 0 and kind == 'chat' then redis.call('HSET', rate, 'spoke', now) end

local retaken = ''
local last = redis.call('ZSCORE', seats, seat)
if last then
  redis.call('ZADD', seats, 'XX', now, seat)
  if redis.call('HEXISTS', users, user_id) == 0 then
    restore(users, figures, user_id, username, attributes, tonumber(last), own_seat(seats, seat))
  end
  keep(seats, users, figures)
else
  local user = read_user(users, user_id)
  if user and #seats_of_user(user, seat) >= most_seats then
    close_off(closing, gone, 'replaced', seat, now)
    return {'gone'}
  end
  -- The lease expired, or Redis was emptied: the frame proves that the viewer is there.
  local told = take(seats, users, figures, newcomers, seat, username, attributes, now, epoch)
  retaken = told == 1 and 'first' or 'further'
  -- The viewer has missed an unknown part. No epoch fits this cursor, so the welcome tells of a gap.
  redis.call('HSET', since, seat, '-')
  keep(since)
end

local stretch = {now, now, 0}
if kind == 'like' then
  redis.call('HINCRBY', figures, 'likes', count)
elseif kind == 'heartbeat' then
  local user = read_user(users, user_id)
  if user then
    if user.unsure == '?' then retaken, user.unsure = 'first', '' end
    -- The sweep has put the user back, and knew no name and no attributes.
    if user.name == '' then user.name, user.attributes = username, attributes end
    stretch = credit(users, user_id, user, now, most)
  end
end
if id then keep_id(id, result) end
local taken = redis.call('ZSCORE', newcomers, seat)
local unwelcomed = taken and now - tonumber(taken) > WELCOME_MS and 1 or 0
local page = kind == 'who' and read_page(figures, people, limit, scan, after) or {}
return {'ok', retaken, figure(figures, 'online'), figure(figures, 'likes'), unwelcomed, freed, stretch, page}

-- Library: how a seat is taken, kept and given up. Figures and seats change together or not at all. Every write sets a
-- time to live, since ElastiCache Serverless evicts only keys that have one.
--
-- seats        sorted set  packed seat -> ms of its last sign of life (one key for each bucket of connection ids)
-- users        hash        userId -> "<seats>:<start ms>:<credited ms>:<username>" (one key for each bucket of userIds),
--                          with "?" behind the seats while nobody knows whether the user's coming was announced, and
--                          "~" while nobody knows how many seats there are; behind the name "\t{...}", the user's
--                          attributes as JSON, if there are any; and for each seat, the oldest first,
--                          "\t<framing><bucket of the connection id>,<connection id>"
-- places       sorted set  packed seat -> the end of its lease in ms, with the length of its beat (below)
-- figures      hash        online (distinct users), seats, places, likes, epoch, slow (s), frozen (1), sent:<slice>,
--                          recount, lost (ms when a relay found writes of the room to be lost), and what gallery.lua
--                          keeps
-- newcomers    sorted set  packed seat -> ms it was taken; seats that have not been welcomed
-- since        hash        packed seat -> the cursor it resumes from, until it is welcomed
-- gone         sorted set  connection id -> ms it ended; a late frame must not bring a closed connection back
-- mutes, bans  hash        userId -> a line (rooms/sanctions.py): the ms until which it holds, 0 for good; since; by
--                          whom, id and name; why; with tabs between
-- cut          sorted set  userId -> ms of their last ban or kick, for as long as connections from before can be open
--
-- Seats. A user has one seat for each connection. The first seat adds the user to `online`, the last one takes the user
-- away. Taking a seat again changes nothing, and neither does giving it up again, so the counts cannot drift.
--
-- Places. A reader in the gallery has a place: a packed seat whose framing is "g" and whose connection id is the place's
-- own. It stands among `places` and not among `seats`, which the relay reads at every tick, and nobody welcomes it. All
-- else is as with a seat: the functions below take either. A reader renews the place in the interval that the server
-- has told last, and intervals grow with the audience. So the score says when this lease ends, a whole number of ms, and
-- its fraction is the interval in seconds, in parts of BEAT_PARTS, which a double holds exactly.
--
-- Lost keys. Any key may be lost alone. A seat whose user's line is gone puts the user back, unannounced, since nobody was
-- told that the user left. How many other seats the user has is not known then: the line has a "~", and `recount` asks
-- the next sweep to count (recount.lua). Until then the user does not leave.
--
-- Watch time. A user's line has the present stretch of watching, from `start` to `credited`. A heartbeat, and a seat
-- that is given up, moves its end. If more than `most` ms have passed since, the stretch has ended there, and a new one
-- has begun `most` ms ago. Records carry the whole stretch, and a total adds each ms once, so nothing is ever taken
-- back: if a record was not written, the next one has its time. The stretch belongs to the user and not to the seat, so
-- two tabs earn the time once. Not every renewal of a place is told (rooms/watch_time.py). So when the stretch of a user
-- ends who has a place, its end may not have been told yet, and is returned with the new one.
--
-- Announcements. A function that loses the answer of Redis, or is killed, leaves a seat without a record. The relay
-- welcomes who was announced, so a user of whom no seat was welcomed in time is announced with the next seat. Where Redis
-- has lost its newest writes, leaves that were told are among them, and who left is there again. So a user without a sign
-- of life since that was found out is announced with the next seat, too.
--
-- CONST ROOM_SECONDS EMPTY_SECONDS GONE_MS CUT_MS UNTOLD_MS LEASE_HEARTBEATS BEAT_PARTS CREDIT_MS
local function keep(...)
  for _, key in ipairs({...}) do redis.call('EXPIRE', key, ROOM_SECONDS) end
end

local function figure(figures, name)
  return tonumber(redis.call('HGET', figures, name) or '0')
end

-- A room that nobody sits in, without likes and settings, has nothing but marks of the log and an epoch. Marks matter
-- while a redelivered batch would be shown, a minute, and while the history lasts.
local function keep_figures(figures)
  local worth = 0
  for _, name in ipairs({'seats', 'places', 'likes', 'slow', 'frozen'}) do worth = math.max(worth, figure(figures, name)) end
  redis.call('EXPIRE', figures, worth > 0 and ROOM_SECONDS or EMPTY_SECONDS)
end

-- The connection id, the number of the user's bucket and the user id of a packed seat.
local function unpack_seat(seat)
  return string.match(seat, '^([^\t]*)\t[^\t]*\t(%d+)\t(.*)$')
end

local function is_place(seat) return string.find(seat, '^[^\t]*\tg\t') ~= nil end

-- The score of a place that was renewed at `now`, to be renewed within `beat` seconds; that of a seat is `now`.
local function lease_from(seat, now, beat)
  if not is_place(seat) then return now end
  return string.format('%.17g', now + LEASE_HEARTBEATS * 1000 * beat + beat / BEAT_PARTS)
end

-- The ms of the last sign of life of a seat or place with this score, and a place's beat in seconds.
local function sign_of_life(seat, score)
  score = tonumber(score)
  if not is_place(seat) then return score, nil end
  local ends = math.floor(score)
  local beat = (score - ends) * BEAT_PARTS
  return math.max(0, ends - LEASE_HEARTBEATS * 1000 * beat), beat
end

local function parse_user(line)
  local count, unsure, start, credited, name, own = string.match(line, '^(%d+)([?~]?):(%d+):(%d+):([^\t]*)(.*)$')
  local attributes = string.match(own, '^\t({[^\t]*)') or ''
  if attributes ~= '' then own = string.sub(own, #attributes + 2) end
  return {
    count = tonumber(count), unsure = unsure, start = tonumber(start), credited = tonumber(credited), name = name,
    attributes = attributes, own = own,
  }
end

local function read_user(users, user_id)
  local line = redis.call('HGET', users, user_id)
  return line and parse_user(line) or nil
end

local function write_user(users, user_id, user)
  local line = string.format('%d%s:%.0f:%.0f:%s', user.count, user.unsure, user.start, user.credited, user.name)
  local attributes = user.attributes ~= '' and '\t' .. user.attributes or ''
  redis.call('HSET', users, user_id, line .. attributes .. user.own)
end

-- How a user's line names a seat that is in the bucket `seats`.
local function own_seat(seats, seat)
  local connection_id, framing = string.match(seat, '^([^\t]*)\t([^\t]*)')
  return '\t' .. framing .. string.match(seats, '%d+$') .. ',' .. connection_id
end

local function has(own, one) return string.find(own .. '\t', one .. '\t', 1, true) ~= nil end

local function without(own, one)
  local from, to = string.find(own .. '\t', one .. '\t', 1, true)
  return from and string.sub(own, 1, from - 1) .. string.sub(own, to) or own
end

-- What the user has, the oldest first: {{packed seat, index of its bucket}, ...}. `seat` is any of the user's.
local function own_of_user(user, seat, wanted)
  local found, tail = {}, string.match(seat, '\t%d+\t.*$')
  for framing, bucket, connection_id in string.gmatch(user.own, '\t(%a)(%d+),([^\t]*)') do
    if (framing == 'g') == (wanted == 'places') then
      found[#found + 1] = {connection_id .. '\t' .. framing .. tail, tonumber(bucket) + 1}
    end
  end
  return found
end

local function seats_of_user(user, seat) return own_of_user(user, seat, 'seats') end

local function places_of_user(user, seat) return own_of_user(user, seat, 'places') end

-- Puts a user back who has lost the line, had a sign of life at `last`, and has at least the seats in `own`. Returns the
-- user.
local function restore(users, figures, user_id, username, attributes, last, own)
  local user = {
    count = 1, unsure = '~', start = last, credited = last, name = username, attributes = attributes, own = own,
  }
  write_user(users, user_id, user)
  redis.call('HSET', figures, 'recount', 1)
  keep(users, figures)
  return user
end

-- Whether perhaps nobody was told of the user. A user whose line was lost has not left for anybody.
local function untold(newcomers, user, seat, now)
  if user.unsure ~= '' then return user.unsure == '?' end
  if #places_of_user(user, seat) > 0 then return false end
  for _, other in ipairs(seats_of_user(user, seat)) do
    local taken = tonumber(redis.call('ZSCORE', newcomers, other[1]))
    if not taken or taken > now - UNTOLD_MS then return false end
  end
  return true
end

-- Returns 1 if the user's coming is to be announced, as with the first seat, else 0. The user's name and attributes are
-- those of the newest seat. A place without a `beat` is taken for the next sweep to give it up.
local function take(seats, users, figures, newcomers, seat, username, attributes, now, epoch, beat)
  redis.call('HSETNX', figures, 'epoch', epoch)
  local first = 0
  if redis.call('ZADD', seats, 'NX', lease_from(seat, now, beat or 0), seat) == 1 then
    if is_place(seat) then
      redis.call('HINCRBY', figures, 'places', 1)
    else
      redis.call('HINCRBY', figures, 'seats', 1)
      redis.call('ZADD', newcomers, now, seat)
    end
    local _, _, user_id = unpack_seat(seat)
    local user = read_user(users, user_id)
    if not user then
      user = {count = 0, unsure = '?', start = now, credited = now, own = ''}
      redis.call('HINCRBY', figures, 'online', 1)
    end
    local own = own_seat(seats, seat)
    if user.credited < figure(figures, 'lost') then first = 1 end
    if untold(newcomers, user, seat, now) then first, user.unsure = 1, '' end
    user.count, user.own = user.count + 1, without(user.own, own) .. own
    user.name, user.attributes = username, attributes
    write_user(users, user_id, user)
  end
  keep(seats, users, figures, newcomers)
  return first
end

-- As most_credit_ms of rooms/watch_time.py, for a place.
local function most_credit(beat) return math.floor(CREDIT_MS * beat) end

local function has_place(user) return user and string.find(user.own, '\tg', 1, true) ~= nil end

-- Returns the stretch, as {start ms, end ms, ms of it that are new}. If it is a new one of a user who `reads`, or has a
-- place, {start ms, end ms} of the stretch before stand behind that.
local function credit(users, user_id, user, now, most, reads)
  local start, before = user.start, user.credited
  local ended = now - before > most
  if ended then user.start = now - most end
  user.credited = math.max(before, now)
  write_user(users, user_id, user)
  local stretch = {user.start, user.credited, user.credited - math.max(before, user.start)}
  if ended and start < before and (reads or has_place(user)) then stretch[4] = {start, before} end
  return stretch
end

-- Returns nil if there is no such seat, else {last, username, what credit returns, attributes}. `last` is 1 if the user
-- has no seat and no place left. Without `most` nothing is earned; a place has its own, by its beat.
local function give_up(seats, users, figures, newcomers, seat, now, most)
  redis.call('ZREM', newcomers, seat)
  local score = redis.call('ZSCORE', seats, seat)
  if not score then return nil end
  local last, beat = sign_of_life(seat, score)
  redis.call('ZREM', seats, seat)
  redis.call('HINCRBY', figures, beat and 'places' or 'seats', -1)
  if most and beat then most = most_credit(beat) end
  local _, _, user_id = unpack_seat(seat)
  local user = read_user(users, user_id) or restore(users, figures, user_id, '', '', last, '')
  user.count, user.own = math.max(0, user.count - 1), without(user.own, own_seat(seats, seat))
  local stretch = {user.start, user.credited, 0}
  if most then
    stretch = credit(users, user_id, user, now, most, beat ~= nil)
  else
    write_user(users, user_id, user)
  end
  if user.count > 0 or user.unsure == '~' then return {0, user.name, stretch, user.attributes} end
  redis.call('HDEL', users, user_id)
  redis.call('HINCRBY', figures, 'online', -1)
  return {1, user.name, stretch, user.attributes}
end

-- Milliseconds for which a mute or ban still holds, 0 for good, and why; nil if there is none.
local function sanctioned(sanctions, user_id, now)
  local till, why = string.match(redis.call('HGET', sanctions, user_id) or '', '^(%d+)\t.*\t([^\t]*)$')
  till = tonumber(till)
  if not till then return nil end
  if till == 0 then return 0, why end
  if till > now then return till - now, why end
  -- A room that cuts off floods makes many short bans.
  redis.call('HDEL', sanctions, user_id)
  return nil
end

local function cut_off(cut, user_id, now)
  redis.call('ZADD', cut, 'GT', now, user_id)
  redis.call('ZREMRANGEBYSCORE', cut, '-inf', now - CUT_MS)
  redis.call('PEXPIRE', cut, CUT_MS)
end

local function end_connection(gone, connection_id, now)
  redis.call('ZADD', gone, now, connection_id)
  redis.call('ZREMRANGEBYSCORE', gone, '-inf', now - GONE_MS)
  redis.call('PEXPIRE', gone, GONE_MS)
end

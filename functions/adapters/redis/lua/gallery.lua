-- Library: the gallery, where readers are told over HTTP what the room says, second by second.
--
-- gallery  hash        epoch and open: since that ms of that epoch every tick is among the slots. salt: of the readers'
--                      hashes. newest: the ms of the newest entry. read: the ms up to which readers were told slots.
--                      mark: of the last tick that was written
-- slots    stream      "<ms>-<n>" -> said (encoded objects with commas between), for (hashes of readers, likewise)
-- mail     sorted set  encoded object -> seq; one key for each user: what the user alone is to be told. An empty object
--                      stands for those up to its seq that were too many
-- figures  reading: the ms until which somebody may have a valid address of slots. beat: the seconds after which a reader
--          was last told to renew the place
--
-- Clock. A slot is a second of the server's own clock, which stands still while a script runs. So when a script sees
-- that a slot is over, no entry can come into it any more. A clock may be set back, or another server with another clock
-- may take over: then an entry is dated after all that readers were told.
--
-- Completeness. A tick is written only while somebody may read: `reading` is the lease of all. Who reads on without a
-- place finds every tick until the address is no longer valid. Where Redis has lost something, the epoch is another one,
-- or `gallery` is gone, or the stream lacks its newest entry. Then the gallery is not open, its slots are told as gaps,
-- and the next who takes or renews a place opens it again. What was said in the second in which it is opened may be
-- there in part, so nobody begins to read with that second.
--
-- It needs the library seats.
--
-- CONST SLOTS_MS MAIL_MS MOST_MAIL HASH_DIGITS
local function server_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The ms since when the slots have everything, nil if the gallery is not open.
local function open_since(figures, gallery, slots, at)
  local reading, epoch = unpack(redis.call('HMGET', figures, 'reading', 'epoch'))
  local of, open, newest = unpack(redis.call('HMGET', gallery, 'epoch', 'open', 'newest'))
  if not reading or tonumber(reading) <= at or not open or of ~= epoch then return nil end
  if newest and tonumber(newest) > at - SLOTS_MS and redis.call('EXISTS', slots) == 0 then return nil end
  return tonumber(open)
end

-- What a slot names a reader by. Without the salt nobody can tell whose it is.
local function hash_of(gallery, user_id)
  local salt = redis.call('HGET', gallery, 'salt') or ''
  return string.sub(redis.sha1hex(salt .. '\t' .. user_id), 1, HASH_DIGITS)
end

local function add_entry(gallery, slots, at, said, hashes)
  local newest, read = unpack(redis.call('HMGET', gallery, 'newest', 'read'))
  local ms = math.max(at, tonumber(newest or '0'), tonumber(read or '0'))
  redis.call('XADD', slots, string.format('%.0f-*', ms), 'said', said, 'for', table.concat(hashes, ','))
  redis.call('HSET', gallery, 'newest', string.format('%.0f', ms))
  redis.call('XTRIM', slots, 'MINID', string.format('%.0f', ms - SLOTS_MS))
  redis.call('PEXPIRE', slots, 2 * SLOTS_MS)
end

-- Keeps an object for one user, for whom it waits.
local function put_mail(mail, seq, object)
  redis.call('ZADD', mail, seq, object)
  while redis.call('ZCARD', mail) > MOST_MAIL do
    local oldest = redis.call('ZRANGE', mail, 0, 1, 'WITHSCORES')
    -- The oldest may be the empty object.
    local dropped = oldest[1] == '' and 3 or 1
    redis.call('ZREM', mail, oldest[dropped])
    redis.call('ZADD', mail, oldest[dropped + 1], '')
  end
  redis.call('PEXPIRE', mail, MAIL_MS)
end

-- What a slice needs to know of a room before it posts. Its write_history.lua has just run; another slice's may have
-- run since.
--
-- Resume. A newcomer's cursor is "<epoch>.<seq>": everything up to that seq was seen. Its welcome holds the public
-- objects behind the cursor, up to what the slice is about to post. That is the record before the batch, or the slice's
-- mark if the batch was redelivered after a part of it was shown. This script returns the entries behind the oldest
-- cursor among the slice's newcomers, and at least the RECENT newest, for newcomers without a cursor or with one of
-- another epoch. rooms/history.py picks each newcomer's entries and tells whether there is a gap.
--
-- The room's properties are for newcomers, and for a batch that tells of some.
--
-- USES seats history
-- CONST RECENT CUT_AT_ONCE
-- KEYS figures newcomers since history closing mutes withheld properties seats... (of the slice's buckets)
-- ARGV slice now:number first:number first_ms:number (of the batch) asked:number (1: for the properties)
-- Returns {online, likes, slow, frozen}, epoch, mark, {log, trimmed}, {{newcomer, ms it was taken, cursor, ms for which a
-- mute of its user still holds, 0 for good, -1 if there is none, and why}, ...}, {{seat, ...} of one bucket, ...},
-- {{seq, object}, ...}, {reason and seat, ms, ...}, {property, value, ...}, {{userId, ms up to which all that the user
-- said is removed}, ...}. Those with a reason are the oldest of those that are to be cut off in all slices. There are no
-- objects without newcomers. Behind all this stands a 1 if somebody may read in the gallery (gallery.lua).
local online, likes, slow, frozen, epoch, log, trimmed, written, mark, reading = unpack(redis.call('HMGET', figures,
  'online', 'likes', 'slow', 'frozen', 'epoch', 'log', 'trimmed', 'written', 'sent:' .. slice, 'reading'))
trimmed = log and trimmed_up_to(history, tonumber(trimmed), tonumber(written)) or -1
local shown = read_mark(mark, first, first_ms)
local upto = math.max(first - 1, shown or -1)

local taken = {}
for _, bucket in ipairs(seats) do
  local found = redis.call('ZRANGE', bucket, 0, -1)
  if #found > 0 then taken[#taken + 1] = found end
end

-- The slice's newcomers and the oldest of their cursors.
local waiting, oldest = {}, upto
local everybody = redis.call('ZRANGE', newcomers, 0, -1, 'WITHSCORES')
if #everybody > 0 then
  local mine, cursors = {}, {}
  for _, bucket in ipairs(taken) do
    for _, seat in ipairs(bucket) do mine[seat] = true end
  end
  local flat = redis.call('HGETALL', since)
  for index = 1, #flat, 2 do cursors[flat[index]] = flat[index + 1] end
  for index = 1, #everybody, 2 do
    local seat, cursor = everybody[index], cursors[everybody[index]] or ''
    cursors[seat] = nil
    if mine[seat] then
      local _, _, user_id = unpack_seat(seat)
      local muted, why = sanctioned(mutes, user_id, now)
      waiting[#waiting + 1] = {seat, everybody[index + 1], cursor, muted or -1, why or ''}
      local of, seq = string.match(cursor, '^(%w+)%.(%d+)!?$')
      if of == epoch then oldest = math.min(oldest, tonumber(seq)) end
    end
  end
  -- These seats were given up before they were welcomed.
  for seat in pairs(cursors) do redis.call('HDEL', since, seat) end
end

local entries = {}
if #waiting > 0 and upto >= 0 then
  local found = oldest < upto and redis.call('XRANGE', history, digits(oldest + 1), digits(upto)) or {}
  if #found < RECENT then
    found = {}
    for _, entry in ipairs(redis.call('XREVRANGE', history, digits(upto), '-', 'COUNT', RECENT)) do
      table.insert(found, 1, entry)
    end
  end
  for index, entry in ipairs(found) do entries[index] = {string.match(entry[1], '^%d+'), entry[2][4]} end
end
local removed = {}
for user_id, ms in pairs(withheld_until(withheld)) do removed[#removed + 1] = {user_id, digits(ms)} end
local view = {{tonumber(online or 0), tonumber(likes or 0), tonumber(slow or 0), tonumber(frozen or 0)}, epoch or '',
        shown and mark or '', {log or '', trimmed}, waiting, taken, entries,
        redis.call('ZRANGE', closing, 0, CUT_AT_ONCE - 1, 'WITHSCORES'),
        (asked == 1 or #waiting > 0) and redis.call('HGETALL', properties) or {}, removed}
if reading and tonumber(reading) > redis.call('TIME')[1] * 1000 then view[#view + 1] = 1 end
return view

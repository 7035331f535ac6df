-- What a relay does in a room before it posts: it writes what the batch adds to the room's history, unless another slice
-- has, and reads what it needs to know.
--
-- history  stream  <seq>-0 -> at (ms it was logged), said (the object as it is shown)
-- removed  set     seqs that must not come into the history
-- figures  log: <seq>:<ms>, the last record that any slice has brought, and the newest time of all that were. What is
--          public up to there was written.
--          written: the newest seq in the history. trimmed: there is nothing in it up to this seq any more.
--          brought:<slice>: the epoch in which that slice has brought records.
--
-- KEYS figures newcomers since history removed seats...
-- ARGV slice now newEpoch, seq and ms of the batch's first record, seq of its last and the newest ms in it, omitted (a
--      seq; what is public in the batch up to there is not sent), number of removed, removed seqs..., then for each
--      public object: seq ms object
-- Returns {online, likes, slow, frozen, epoch, mark, trimmed, log, {newcomer, ms, ...}, {newcomer, cursor, ...},
--          {seat, ...}, {seq, object, ...}}; the seats and newcomers are the slice's. The objects are those before what
--          the slice has to show: the last 20, and more if a cursor asks for them. None if there are no newcomers.
local HISTORY_MOST, HISTORY_MS, RECENT, SKEW_MS = 300, 600000, 20, 1000
local figures, newcomers, since, history, removed = unpack(KEYS, 1, 5)
local slice, now, first, first_ms, last = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local log, epoch, trimmed, written, brought, mark, online, likes, slow, frozen = unpack(redis.call('HMGET', figures,
  'log', 'epoch', 'trimmed', 'written', 'brought:' .. slice, 'sent:' .. slice, 'online', 'likes', 'slow', 'frozen'))

-- The seq and newest time of a mark; nil if it was made in a log that has been lost since. Then offsets began anew: the
-- batch's first record has a seq that was there, but is newer than anything that was.
local function read(mark)
  local seq, ms = string.match(mark or '', '^(%d+):(%d+)$')
  if not seq or (first <= tonumber(seq) and first_ms > tonumber(ms) + SKEW_MS) then return nil end
  return tonumber(seq), tonumber(ms)
end

local function digits(seq) return string.format('%.0f', seq) end
-- A stream has no entry 0-0.
local function id(seq) return seq == 0 and '0-1' or digits(seq) .. '-0' end

local function trim()
  local cut
  repeat
    cut = false
    local over = redis.call('XLEN', history) - HISTORY_MOST
    for _, entry in ipairs(redis.call('XRANGE', history, '-', '+', 'COUNT', math.max(over, 0) + 1)) do
      cut = over > 0 or now - tonumber(entry[2][2]) > HISTORY_MS
      if not cut then break end
      redis.call('XDEL', history, entry[1])
      over, trimmed = over - 1, math.max(trimmed, tonumber(string.match(entry[1], '^%d+')))
    end
  until not cut
end

local known, newest_ms = read(log)
if known then
  trimmed, written = tonumber(trimmed), tonumber(written)
  -- It has expired, or was evicted.
  if written > trimmed and redis.call('EXISTS', history) == 0 then trimmed = written end
  -- A slice that has been here goes on where it was. One that is new to this epoch may have brought what lies between
  -- before the state was lost.
  if first - 1 > known and brought ~= epoch then trimmed = math.max(trimmed, first - 1) end
else
  -- Offsets of a lost log say nothing about this one, which may begin before them.
  redis.call('DEL', history)
  if log then
    epoch = ARGV[3]
    redis.call('HSET', figures, 'epoch', epoch)
    redis.call('DEL', removed)
  end
  known, trimmed, written = -1, first - 1, -1
end

local objects = 10 + tonumber(ARGV[9])
if last > known and (epoch or objects <= #ARGV) then
  local omitted = tonumber(ARGV[8])
  if omitted > known then trimmed = math.max(trimmed, omitted) end
  -- Behind a hole it begins anew.
  if trimmed > known then redis.call('DEL', history) end
  for index = objects, #ARGV, 3 do
    local seq = tonumber(ARGV[index])
    -- A stream takes nothing before its last entry, as it would stand there if a room's records came of two partitions.
    if seq > math.max(known, written) and redis.call('SISMEMBER', removed, ARGV[index]) == 0 then
      redis.call('XADD', history, id(seq), 'at', ARGV[index + 1], 'said', ARGV[index + 2])
      written = seq
    end
  end
  if written > known then redis.call('PEXPIRE', history, HISTORY_MS) end
  trim()
  epoch, log = epoch or ARGV[3], ARGV[6] .. ':' .. digits(math.max(newest_ms or 0, tonumber(ARGV[7])))
  redis.call('HSET', figures, 'epoch', epoch, 'log', log, 'trimmed', digits(trimmed), 'written', digits(written))
  keep(figures)
end
if epoch and brought ~= epoch then redis.call('HSET', figures, 'brought:' .. slice, epoch) end
for index = 10, objects - 1 do redis.call('XDEL', history, id(tonumber(ARGV[index]))) end

local seats = {}
for index = 6, #KEYS do
  for _, seat in ipairs(redis.call('ZRANGE', KEYS[index], 0, -1)) do seats[#seats + 1] = seat end
end

-- Those of the slice, and what they resume from. Returns also the seq of the oldest of these cursors, at most `upto`.
local function waiting(upto)
  local all, here, there, cursors, from = redis.call('ZRANGE', newcomers, 0, -1, 'WITHSCORES'), {}, {}, {}, upto
  if #all == 0 then return here, cursors, from end
  local mine = {}
  for _, seat in ipairs(seats) do mine[seat] = true end
  for index = 1, #all, 2 do
    there[all[index]] = true
    if mine[all[index]] then here[#here + 1], here[#here + 2] = all[index], all[index + 1] end
  end
  local flat = redis.call('HGETALL', since)
  for index = 1, #flat, 2 do
    local seat, cursor = flat[index], flat[index + 1]
    if not there[seat] then
      -- It was given up before it was welcomed.
      redis.call('HDEL', since, seat)
    elseif mine[seat] then
      cursors[#cursors + 1], cursors[#cursors + 2] = seat, cursor
      local of, seq = string.match(cursor, '^(%w+)%.(%d+)$')
      if of == epoch then from = math.min(from, tonumber(seq)) end
    end
  end
  return here, cursors, from
end

local shown = read(mark)
local upto = math.max(first - 1, shown or -1)
local here, cursors, from = waiting(upto)
local told = {}
local function tell(entry)
  told[#told + 1], told[#told + 2] = string.match(entry[1], '^%d+'), entry[2][4]
end
if #here > 0 and upto >= 0 then
  local missed = from < upto and redis.call('XRANGE', history, id(from + 1), id(upto)) or {}
  if #missed >= RECENT then
    for _, entry in ipairs(missed) do tell(entry) end
  else
    local recent = redis.call('XREVRANGE', history, id(upto), '-', 'COUNT', RECENT)
    for index = #recent, 1, -1 do tell(recent[index]) end
  end
end
return {tonumber(online or 0), tonumber(likes or 0), tonumber(slow or 0), tonumber(frozen or 0), epoch or '',
        shown and mark or '', trimmed, log or '', here, cursors, seats, told}

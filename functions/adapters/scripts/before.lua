-- What a relay does in a room before it posts: it writes what the batch adds to the room's history, unless another slice
-- has, and reads what it needs to know.
--
-- history  stream  <seq>-0 -> at (ms it was logged), said (the object as it is shown)
-- removed  set     seqs that must not come into the history
-- figures  log: <seq>:<ms> of the newest record that any slice has brought; all that is public up to there was written.
--          written: the newest seq in the history. trimmed: there is nothing in it up to this seq any more.
--
-- KEYS figures newcomers since history removed seats...
-- ARGV slice now newEpoch, seq and ms of the batch's first record, of its last, omitted (a seq; what is public in the
--      batch up to there is not sent), number of removed, removed seqs..., then for each public object: seq ms object
-- Returns {online, likes, slow, frozen, epoch, mark, trimmed, log, {newcomer, ms, ...}, {newcomer, cursor, ...},
--          {seat, ...}, {seq, object, ...}}; the newcomers are those of all slices. The objects are those before what
--          the slice has to show: the last 20, and more if a cursor asks for them. None if there are no newcomers.
local HISTORY_MOST, HISTORY_MS, RECENT, SKEW_MS = 300, 600000, 20, 1000
local figures, newcomers, since, history, removed = unpack(KEYS, 1, 5)
local now, first, first_ms, last = tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

-- The seq of a mark; nil if it was made in a log that has been lost since. Then offsets began anew: the batch's first
-- record has a seq that was there, but is newer by more than the clocks of two producers may differ.
local function seq_of(mark)
  local seq, ms = string.match(mark or '', '^(%d+):(%d+)$')
  if not seq or (first <= tonumber(seq) and first_ms > tonumber(ms) + SKEW_MS) then return nil end
  return tonumber(seq)
end

local function digits(seq) return string.format('%.0f', seq) end
local function id(seq) return digits(seq) .. '-0' end

local function trim(trimmed)
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
  return trimmed
end

local log = redis.call('HGET', figures, 'log')
local known, trimmed, written = seq_of(log), first - 1, -1
if known then
  trimmed, written = figure(figures, 'trimmed'), tonumber(redis.call('HGET', figures, 'written') or '-1')
  -- It has expired, or was evicted.
  if written > trimmed and redis.call('EXISTS', history) == 0 then trimmed = written end
else
  -- Offsets of a lost log say nothing about this one.
  if log then redis.call('HSET', figures, 'epoch', ARGV[3]) redis.call('DEL', removed) end
  redis.call('DEL', history)
  known = -1
end

local objects = 10 + tonumber(ARGV[9])
if last > known and (objects <= #ARGV or redis.call('EXISTS', figures) == 1) then
  local omitted = tonumber(ARGV[8])
  if omitted > known then trimmed = math.max(trimmed, omitted) end
  for index = objects, #ARGV, 3 do
    local seq = tonumber(ARGV[index])
    if seq > known and redis.call('SISMEMBER', removed, ARGV[index]) == 0 then
      redis.call('XADD', history, id(seq), 'at', ARGV[index + 1], 'said', ARGV[index + 2])
      written = seq
    end
  end
  if written > known then redis.call('PEXPIRE', history, HISTORY_MS) end
  trimmed = trim(trimmed)
  redis.call('HSETNX', figures, 'epoch', ARGV[3])
  log = ARGV[6] .. ':' .. ARGV[7]
  redis.call('HSET', figures, 'log', log, 'trimmed', digits(trimmed), 'written', digits(written))
  keep(figures)
end
for index = 10, objects - 1 do redis.call('XDEL', history, ARGV[index] .. '-0') end

local epoch = redis.call('HGET', figures, 'epoch') or ''
local mark = redis.call('HGET', figures, 'sent:' .. ARGV[1])
local shown = seq_of(mark)
local waiting, cursors, told = redis.call('ZRANGE', newcomers, 0, -1, 'WITHSCORES'), {}, {}
if #waiting > 0 then
  local upto = math.max(first - 1, shown or -1)
  local from, is_waiting = upto, {}
  for index = 1, #waiting, 2 do is_waiting[waiting[index]] = true end
  local flat = redis.call('HGETALL', since)
  for index = 1, #flat, 2 do
    if is_waiting[flat[index]] then
      cursors[#cursors + 1], cursors[#cursors + 2] = flat[index], flat[index + 1]
      local of, seq = string.match(flat[index + 1], '^(%w+)%.(%d+)$')
      if of == epoch then from = math.min(from, tonumber(seq)) end
    else
      -- The seat was given up before it was welcomed.
      redis.call('HDEL', since, flat[index])
    end
  end
  local function tell(entry)
    told[#told + 1], told[#told + 2] = string.match(entry[1], '^%d+'), entry[2][4]
  end
  if upto >= 0 then
    local missed = from < upto and redis.call('XRANGE', history, id(from + 1), id(upto)) or {}
    for _, entry in ipairs(missed) do tell(entry) end
    if #missed < RECENT then
      told = {}
      local recent = redis.call('XREVRANGE', history, id(upto), '-', 'COUNT', RECENT)
      for index = #recent, 1, -1 do tell(recent[index]) end
    end
  end
end

local seats = {}
for index = 6, #KEYS do
  for _, seat in ipairs(redis.call('ZRANGE', KEYS[index], 0, -1)) do seats[#seats + 1] = seat end
end
return {figure(figures, 'online'), figure(figures, 'likes'), figure(figures, 'slow'), figure(figures, 'frozen'), epoch,
        shown and mark or '', trimmed, log or '', waiting, cursors, seats, told}

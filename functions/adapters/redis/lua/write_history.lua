-- Writes what a batch adds to the room's history, unless another slice has.
--
-- history   stream  id -> at (ms it was logged), said (the object as it is shown), by (userId of a chat's sender)
-- removed   set     seqs that must not come into the history
-- withheld  hash    userId -> the user's mark (history.lua)
-- figures   log: the mark of the newest record that any slice has brought. written: the newest seq in the history.
--           trimmed: the history has nothing up to this seq. brought:<slice>: the epoch in which that slice last came.
--           before:<slice>: "<first seq of the batch with which that slice came last>:<the newest seq before it>"
--
-- Every slice brings every record of the log in order, some sooner than others. Up to `log` the history is complete, so
-- a batch adds only what stands behind `log`. A redelivered batch adds nothing, however it is split. A cursor at or
-- behind `trimmed` can be answered without a gap. `trimmed` moves forward when the oldest entries are dropped, when the
-- stream expires, and when records may be missing before the batch. Records may be missing when the batch omits
-- objects, and when a slice that is new to this epoch skips some: it may have brought them before the state was lost.
-- A duplicate, whose id is settled with another seq (settle.lua), is left out, and nothing is missing.
-- When the log was lost, its seqs mean nothing in the new log. The history is dropped, and the new epoch turns every
-- older cursor into a gap.
--
-- Redis may lose its newest writes, as in a failover. Then its marks are older than those that the slice's process
-- remembers, `seen_log` and `shown`. The process is right: nothing is shown twice, and what stood in the history up to
-- `seen_log` is missing. A new epoch turns every older cursor into a gap. A process that was frozen remembers older
-- marks, and changes nothing.
--
-- What a new process cannot remember is noted outside the room (read_checkpoint.lua), so it is compared with the newest
-- record that was there before the batch. If the first attempt at a batch died before that, its successor must compare
-- the same. So the room keeps it until the slice comes with a later batch.
--
-- USES seats history
-- CONST KEPT HISTORY_MS
-- KEYS figures history removed withheld sent_ids... (of those objects that have one)
-- ARGV slice now:number new_epoch
-- ARGV first:number first_ms:number last:number newest_ms:number (of the batch)
-- ARGV seen_log shown (marks that the process remembers, if any)
-- ARGV omitted:number (public objects up to this seq are not sent) removed_ids...
-- ARGV removed_users... removed_before... (all that each said before this seq is removed)
-- ARGV ids... times... objects... id_numbers... (one of each for every public object; 0: it has no id)
-- ARGV senders... said_at... (of every public object: the userId and the ms of a chat, '' and 0 of another)
-- Returns the seq of the newest record before the batch, -1 if all before it is a gap already.
local log, epoch, trimmed, written, brought, noted, came = unpack(redis.call('HMGET', figures,
  'log', 'epoch', 'trimmed', 'written', 'brought:' .. slice, 'sent:' .. slice, 'before:' .. slice))
local known, known_ms = read_mark(log, first, first_ms)

-- Whether Redis has lost a mark of the present log.
local function was_lost(mark, remembered)
  return read_mark(remembered, first, first_ms) and not (mark and not is_behind(mark, remembered))
end
local lost_log, lost_mark = known and was_lost(log, seen_log), was_lost(noted, shown)
-- For a mark another slice has perhaps begun a new epoch already.
local rolled_back = lost_log or (known and lost_mark and brought == epoch)

local came_with, before = string.match(came or '', '^(%d+):(%-?%d+)$')
local is_again = came_with and first <= tonumber(came_with)
if not known or rolled_back then before = -1 elseif not is_again then before = known end
before = tonumber(before)

if known then
  written = tonumber(written)
  trimmed = trimmed_up_to(history, tonumber(trimmed), written)
  if rolled_back then
    epoch = new_epoch
    redis.call('HSET', figures, 'lost', digits(now))
  end
  if lost_log then
    redis.call('DEL', history)
    known, known_ms = read_mark(seen_log, first, first_ms)
    trimmed, written = known, -1
  end
  if first - 1 > known and brought ~= epoch then trimmed = math.max(trimmed, first - 1) end
else
  redis.call('DEL', history)
  if log then
    epoch = new_epoch
    redis.call('DEL', removed)
  end
  known, known_ms, trimmed, written = -1, 0, first - 1, -1
end
-- A room without viewers and without chat costs no memory.
if not epoch and #ids == 0 then return -1 end
epoch = epoch or new_epoch
if lost_mark then redis.call('HSET', figures, 'sent:' .. slice, shown) end
if brought ~= epoch then redis.call('HSET', figures, 'brought:' .. slice, epoch) end
if not is_again or before == -1 then
  redis.call('HSET', figures, 'before:' .. slice, digits(first) .. ':' .. digits(before))
end

-- The ids may not be settled yet, if the server did not know settle.lua and it comes again: then the first record is it.
local settled = {}
local function is_duplicate(index, seq)
  local id = sent_ids[tonumber(id_numbers[index])]
  if not id then return false end
  settled[id] = settled[id] or string.match(redis.call('GET', id) or '', '^(%d+):') or seq
  return settled[id] ~= seq
end

local function drop_oldest()
  local over = math.max(0, redis.call('XLEN', history) - KEPT)
  repeat
    local oldest = redis.call('XRANGE', history, '-', '+', 'COUNT', over + 1)
    for index, entry in ipairs(oldest) do
      if index > over and now - tonumber(entry[2][2]) <= HISTORY_MS then return end
      redis.call('XDEL', history, entry[1])
      trimmed = math.max(trimmed, tonumber(string.match(entry[1], '^%d+')))
    end
    over = 0
  until #oldest == 0
end

local is_changed = rolled_back or last > known
if last > known then
  if omitted and omitted > known then trimmed = math.max(trimmed, omitted) end
  -- Records are missing before this batch: drop the history and restart it.
  if trimmed > known then redis.call('DEL', history) end
  local until_ms = #ids > 0 and withheld_until(withheld) or {}
  for index, id in ipairs(ids) do
    local seq, sender = string.match(id, '^%d+'), senders[index]
    local is_removed = redis.call('SISMEMBER', removed, seq) == 1 or tonumber(said_at[index]) <= (until_ms[sender] or -1)
    -- A stream takes no entry before its last one, which can stand there if a room's records come of two partitions.
    local is_new = tonumber(seq) > math.max(known, written)
    if is_new and not is_removed and not is_duplicate(index, seq) then
      redis.call('XADD', history, id, 'at', times[index], 'said', objects[index], 'by', sender)
      written = tonumber(seq)
    end
  end
  if written > known then redis.call('PEXPIRE', history, HISTORY_MS) end
  drop_oldest()
  known, known_ms = last, math.max(known_ms, newest_ms)
end
if is_changed then
  log = digits(known) .. ':' .. digits(known_ms)
  redis.call('HSET', figures, 'epoch', epoch, 'log', log, 'trimmed', digits(trimmed), 'written', digits(written))
  keep_figures(figures)
end
for _, id in ipairs(removed_ids) do redis.call('XDEL', history, id) end
for index, user_id in ipairs(removed_users) do take_out(history, user_id, tonumber(removed_before[index])) end
return before

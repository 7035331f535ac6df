-- Library: marks of the log, and what the history lacks.
--
-- A mark is "<seq>:<ms>": a record of the log, and the newest time of all records up to it. A log that was lost begins
-- again at seq 0. The batch's first record then has a seq that the mark has passed, but a time that is newer than the
-- mark's. The clocks of producers may differ by SKEW_MS.
--
-- A user's mark is "<ms>\t<seqs>": all is removed that the user said up to then, and these seqs have been taken out of the
-- history for it. An entry has its sender behind what it says.
--
-- CONST SKEW_MS

-- Lua writes a number of more than 14 digits with an exponent.
local function digits(seq) return string.format('%.0f', seq) end

-- Returns a mark's seq and ms, nil if there is none or its log was lost. `first` is the batch's first record.
local function read_mark(mark, first, first_ms)
  local seq, ms = string.match(mark or '', '^(%d+):(%d+)$')
  if not seq or (first <= tonumber(seq) and first_ms > tonumber(ms) + SKEW_MS) then return nil end
  return tonumber(seq), tonumber(ms)
end

-- Whether a mark stands behind another one of the same log. In a new log a lower seq has a newer time.
local function is_behind(mark, other)
  local seq, ms = string.match(mark, '^(%d+):(%d+)$')
  local other_seq, other_ms = string.match(other, '^(%d+):(%d+)$')
  return tonumber(seq) < tonumber(other_seq) and tonumber(ms) <= tonumber(other_ms) + SKEW_MS
end

-- The ms up to which all that each of these users said is removed, by userId.
local function withheld_until(withheld)
  local lines, until_ms = redis.call('HGETALL', withheld), {}
  for at = 1, #lines, 2 do until_ms[lines[at]] = tonumber(string.match(lines[at + 1], '^%d+')) end
  return until_ms
end

-- Takes what a user said before the seq `before` (nil: all) out of the history; returns the seqs, as texts.
local function take_out(history, user_id, before)
  local seqs = {}
  for _, entry in ipairs(redis.call('XRANGE', history, '-', '+')) do
    local seq = string.match(entry[1], '^%d+')
    if entry[2][#entry[2]] == user_id and (not before or tonumber(seq) < before) then
      redis.call('XDEL', history, entry[1])
      seqs[#seqs + 1] = seq
    end
  end
  return seqs
end

-- The history has nothing up to the seq that this returns. `written` is the newest seq that was put into it.
local function trimmed_up_to(history, trimmed, written)
  -- The history has expired, or was evicted. An empty stream exists.
  if written > trimmed and redis.call('EXISTS', history) == 0 then return written end
  return trimmed
end

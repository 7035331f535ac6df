-- Begins a new epoch in a room of which Redis has forgotten records (read_checkpoint.lua): every older cursor is a gap,
-- and so are the gallery's slots. Leaves may be forgotten too: see seats.lua.
--
-- A room with records in the batch has them in its history already, so what is before them goes. A quiet room has none
-- in the batch. It goes on as if it knew of all that was forgotten, so this is done once.
--
-- USES history
-- KEYS figures history
-- ARGV slice now:number new_epoch first:number (of the room in the batch; of a quiet room, what was not forgotten)
-- ARGV first_ms:number (of a quiet room: when that was logged; none of another one)
-- Returns 1, 0 if the room has nothing to forget.
local log, trimmed = unpack(redis.call('HMGET', figures, 'log', 'trimmed'))
local seq, ms = string.match(log or '', '^(%d+):(%d+)$')
if first_ms then
  if not seq or tonumber(seq) >= first - 1 then return 0 end
  redis.call('HSET', figures, 'log', digits(first - 1) .. ':' .. digits(math.max(tonumber(ms), first_ms)))
end
redis.call('XTRIM', history, 'MINID', digits(first))
redis.call('HSET', figures, 'epoch', new_epoch, 'trimmed', digits(math.max(first - 1, tonumber(trimmed or '-1'))),
  'brought:' .. slice, new_epoch, 'before:' .. slice, digits(first) .. ':-1', 'lost', digits(now))
return 1

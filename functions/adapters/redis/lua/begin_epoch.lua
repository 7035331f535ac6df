-- Begins a new epoch in a room of which Redis has forgotten records before this batch (read_checkpoint.lua): every older
-- cursor is a gap, and so are the gallery's slots. The batch stands in the history already, so what is before it goes.
-- Leaves may be forgotten too: see seats.lua.
-- USES history
-- KEYS figures history
-- ARGV slice now:number new_epoch first:number (of the batch)
local trimmed = math.max(first - 1, tonumber(redis.call('HGET', figures, 'trimmed') or '-1'))
redis.call('XTRIM', history, 'MINID', digits(first))
redis.call('HSET', figures, 'epoch', new_epoch, 'trimmed', digits(trimmed), 'brought:' .. slice, new_epoch,
  'before:' .. slice, digits(first) .. ':-1', 'lost', digits(now))
return 1

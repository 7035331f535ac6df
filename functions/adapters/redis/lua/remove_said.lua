-- Removes all that a user has said until now: takes it out of the history, and marks the user, so that what is still on
-- its way does not get there and is not shown. A call that is made again also returns what the first has taken out.
-- USES history
-- CONST HISTORY_MS KEPT
-- KEYS history withheld
-- ARGV user_id now:number
-- Returns the seqs that were taken out, the newest KEPT, the oldest first.
local last, named = string.match(redis.call('HGET', withheld, user_id) or '0\t', '^(%d+)\t(.*)$')
local seqs = {}
for seq in string.gmatch(named, '%d+') do seqs[#seqs + 1] = seq end
for _, seq in ipairs(take_out(history, user_id)) do seqs[#seqs + 1] = seq end
seqs = {unpack(seqs, math.max(1, #seqs - KEPT + 1))}
redis.call('HSET', withheld, user_id, digits(math.max(now, tonumber(last))) .. '\t' .. table.concat(seqs, ','))
redis.call('PEXPIRE', withheld, HISTORY_MS)
return seqs

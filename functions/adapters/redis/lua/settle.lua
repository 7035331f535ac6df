-- Settles the ids of a batch's records: the first record of an id that any relay sees is the chat of this id.
-- CONST RESULT_MS
-- KEYS sent_ids...
-- ARGV results... (one for each id: what is kept from now on if the id is not settled yet)
-- Returns the seq of each id.
local function seq_in(result) return result and string.match(result, '^(%d+):') end

local seqs = {}
for index, id in ipairs(sent_ids) do
  seqs[index] = seq_in(redis.call('GET', id))
  if not seqs[index] then
    redis.call('SET', id, results[index], 'PX', RESULT_MS)
    seqs[index] = seq_in(results[index])
  end
end
return seqs

-- Stands behind a script that must not run twice, which is the function `script`. Each call has a key of its own, the
-- last of KEYS. A call that is made again because its answer was lost gets that answer, and changes nothing.
-- CONST CALL_MS
local call = KEYS[#KEYS]
local answered = redis.call('GET', call)
if answered then return cmsgpack.unpack(answered) end
local answer = script({unpack(KEYS, 1, #KEYS - 1)})
redis.call('SET', call, cmsgpack.pack(answer), 'PX', CALL_MS)
return answer

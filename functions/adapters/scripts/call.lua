-- Put behind a script that must not run twice. A call whose answer was lost comes again, gets that answer, and changes
-- nothing. KEYS: the last one is the call's own; the script, which is the function `script`, is given the others.
local call = KEYS[#KEYS]
local told = redis.call('GET', call)
if told then return cmsgpack.unpack(told) end
local answer = script({unpack(KEYS, 1, #KEYS - 1)})
redis.call('SET', call, cmsgpack.pack(answer), 'PX', 15000)
return answer

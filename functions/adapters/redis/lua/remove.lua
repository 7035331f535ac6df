-- Removes a chat from the history, and keeps write_history.lua from putting it there later.
-- CONST HISTORY_MS
-- KEYS history removed
-- ARGV id seq
redis.call('XDEL', history, id)
redis.call('SADD', removed, seq)
redis.call('PEXPIRE', removed, HISTORY_MS)
return 1

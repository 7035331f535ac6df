-- Begins a call of the HTTP API that has an Idempotency-Key, unless it was made before or is under way.
-- CONST UNDER_WAY_MS
-- KEYS answer
-- ARGV digest
-- Returns what is kept under the key, '' if the call begins now.
local kept = redis.call('GET', answer)
if not kept then redis.call('SET', answer, digest, 'PX', UNDER_WAY_MS) end
return kept or ''

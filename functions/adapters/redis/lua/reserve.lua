-- Reserves POSTs out of the rate that all relays of the account share.
--
-- The rate is a leaky bucket, kept as one number: the time at which all POSTs reserved so far will have been spent. A
-- reservation moves that time on. Who reserves may post `burst` POSTs ahead of it. The server's clock decides, since
-- there are many relays.
--
-- CONST POSTS_MS
-- KEYS spent
-- ARGV posts:number per_second:number burst:number
-- Returns the ms to wait before making these POSTs.
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local spent_at = math.max(tonumber(redis.call('GET', spent) or '0'), now)
redis.call('SET', spent, string.format('%.3f', spent_at + posts * 1000 / per_second), 'PX', POSTS_MS)
return math.ceil(math.max(0, spent_at - now - burst * 1000 / per_second))

-- Reserve POSTs out of the rate that all relays of the account share: a leaky bucket, kept as the time at which all that
-- was reserved will have been spent. The server's clock decides, since there are many relays.
-- KEYS posts  ARGV posts perSecond burst
-- Returns the ms to wait before these may be made.
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local posts, per_second, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local spent_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
redis.call('SET', KEYS[1], string.format('%.3f', spent_at + posts * 1000 / per_second), 'PX', 600000)
return math.ceil(math.max(0, spent_at - now - burst * 1000 / per_second))

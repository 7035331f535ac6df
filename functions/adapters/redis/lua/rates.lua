-- Library: the token buckets of a user in a room.
--
-- A user may do something `burst` times at once and then `per_second`. Each time costs 1000 / per_second ms. The bucket
-- is one number, the time up to which the user has paid. Paying moves that time on by the cost, and is refused if the
-- time would then lie in the future. A user who is idle saves at most the cost of `burst` times, so the time never
-- counts as earlier than that.
--
-- rate   hash        of one user. chat, other: the buckets, in ms. spoke: the ms of the last chat. refused:
--                    "<ms>:<count>", how often the user was refused since
-- joins  sorted set  of all users. userId -> the bucket of joins, in ms, until it is full again: that is soon, and so a
--                    seat takes no more memory
-- CONST RATE_MS

-- What a bucket becomes by paying once, nil if it may not pay; the ms to wait; what is left of the burst, in times.
local function charge(paid_until, burst, per_second, now)
  local cost = 1000 / per_second
  local since = math.max(tonumber(paid_until or '0'), now - burst * cost)
  if since + cost > now then return nil, math.ceil(since + cost - now), 0 end
  -- The bucket is stored in thousandths.
  return string.format('%.3f', since + cost), 0, math.floor((now - since) / cost - 1 + 1 / 1000)
end

-- Pays for a frame. Returns 0, or the ms to wait if it is not paid for.
local function pay(rate, bucket, burst, per_second, now)
  local charged, wait = charge(redis.call('HGET', rate, bucket) or nil, burst, per_second, now)
  if not charged then return wait end
  redis.call('HSET', rate, bucket, charged)
  redis.call('PEXPIRE', rate, math.ceil(burst * 1000 / per_second) + RATE_MS)
  return 0
end

-- The ms to wait until a join may be paid for, 0 if that is now.
local function join_wait(joins, user_id, burst, per_second, now)
  local _, wait = charge(redis.call('ZSCORE', joins, user_id) or nil, burst, per_second, now)
  return wait
end

-- Pays for a join. Returns nil if it is not paid for, else how many more may follow at once.
local function pay_join(joins, user_id, burst, per_second, now)
  local full_ms = math.ceil(burst * 1000 / per_second)
  redis.call('ZREMRANGEBYSCORE', joins, '-inf', now - full_ms)
  local charged, _, left = charge(redis.call('ZSCORE', joins, user_id) or nil, burst, per_second, now)
  if not charged then return nil end
  redis.call('ZADD', joins, charged, user_id)
  redis.call('PEXPIRE', joins, full_ms)
  return left
end

-- KEYS seats users figures newcomers gone mutes bans rate [id]
-- ARGV seat userId username now epoch connectionId kind count burst perSecond most exempt
-- kind is chat, like, heartbeat or who; the chat and the other frames have a token bucket each. Who is exempt (1) may
-- send as much as they like, whatever the room's settings.
-- Returns {'gone'}, {'repeat', first result}, {'refused', code, ms to wait, 0 if that is not known} or
-- {'ok', retaken ('', 'first' or 'further'), online, likes, earned ms, ms of the last credit before, unwelcomed}.
local seats, users, figures, newcomers, since, gone, mutes, bans, rate, id = unpack(KEYS)
local seat, user_id, kind, now = ARGV[1], ARGV[2], ARGV[7], tonumber(ARGV[4])
local burst, per_second = tonumber(ARGV[9]), tonumber(ARGV[10])

if redis.call('ZSCORE', gone, ARGV[6]) then return {'gone'} end
-- A connection that could not be closed must not bring a banned user back.
if sentence(bans, user_id, now) then return {'gone'} end
if id then
  local result = redis.call('GET', id)
  -- A chat that is pending for longer than any function may run was left behind by one that was killed.
  local pending = result and string.match(result, '^pending:(%d+)$')
  if result and not (pending and now - tonumber(pending) > 20000) then return {'repeat', result} end
end

local slow = figure(figures, 'slow') * 1000
if ARGV[12] ~= '1' then
  if kind == 'chat' then
    if figure(figures, 'frozen') == 1 then return {'refused', 'frozen', 0} end
    local muted = sentence(mutes, user_id, now)
    if muted then return {'refused', 'muted', muted} end
    local wait = tonumber(redis.call('HGET', rate, 'spoke') or '0') + slow - now
    if slow > 0 and wait > 0 then return {'refused', 'slow_mode', wait} end
  end
  -- The bucket is kept as the time at which it was, or will be, empty of debt: one number, no refill to compute.
  local bucket = kind == 'chat' and 'chat' or 'other'
  local cost = 1000 / per_second
  local paid_until = math.max(tonumber(redis.call('HGET', rate, bucket) or '0'), now - burst * cost)
  if paid_until + cost > now then return {'refused', 'rate_limited', math.ceil(paid_until + cost - now)} end
  redis.call('HSET', rate, bucket, string.format('%.3f', paid_until + cost))
  -- Without slow mode too: it may be switched on.
  if kind == 'chat' then redis.call('HSET', rate, 'spoke', ARGV[4]) end
  redis.call('PEXPIRE', rate, math.ceil(burst * cost) + 180000)
end

local retaken = ''
if redis.call('ZSCORE', seats, seat) then
  redis.call('ZADD', seats, 'XX', now, seat)
  keep(seats, users, figures)
else
  -- Redis was emptied, or the lease ran out: the frame proves that the viewer is there.
  local first = take(seats, users, figures, newcomers, seat, user_id, ARGV[3], now, ARGV[5])
  retaken = first == 1 and 'first' or 'further'
  -- What was said meanwhile it has not heard: a cursor that leads nowhere, so that its welcome tells of a gap.
  redis.call('HSET', since, seat, '-')
  keep(since)
end

local earned, before = 0, now
if kind == 'like' then
  redis.call('HINCRBY', figures, 'likes', ARGV[8])
elseif kind == 'heartbeat' then
  local user = read_user(users, user_id)
  if user then earned, before = credit(users, user_id, user, now, tonumber(ARGV[11])) end
end
if id then
  -- A chat's result has a seq, which is known only when it stands in the log.
  redis.call('SET', id, kind == 'chat' and 'pending:' .. ARGV[4] or 'ok', 'PX', 300000)
end
local taken = redis.call('ZSCORE', newcomers, seat)
local unwelcomed = taken and now - tonumber(taken) > 5000 and 1 or 0
return {'ok', retaken, figure(figures, 'online'), figure(figures, 'likes'), earned, before, unwelcomed}

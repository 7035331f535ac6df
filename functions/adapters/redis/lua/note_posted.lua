-- Notes what a slice found out about a room by posting: its mark, which seats were welcomed, which have ended, which have
-- missed a frame, and which connections are closed. Those that have missed a frame are newcomers again, with a cursor
-- each, unless they have been given up meanwhile.
--
-- A mark never moves back: a process that was frozen notes late what others have passed.
--
-- USES seats history
-- KEYS figures newcomers since gone closing seats... users... (of all buckets)
-- ARGV slice mark now:number most:number missed_at (a newcomer's time, at which no handshake of today was under way)
-- ARGV welcomed... ended... ended_buckets... (the number of each seat's bucket)
-- ARGV missed... missed_buckets... cursors...
-- ARGV closed... (each with its reason, as in closing.lua)
-- Returns online, likes, {{seat, ms at which it ended, what give_up returns}, ...} of the seats that were there.
local noted = redis.call('HGET', figures, 'sent:' .. slice)
if mark ~= '' and not (noted and is_behind(mark, noted)) then
  redis.call('HSET', figures, 'sent:' .. slice, mark)
  keep_figures(figures)
end
for _, seat in ipairs(welcomed) do
  redis.call('ZREM', newcomers, seat)
  redis.call('HDEL', since, seat)
end
for index, seat in ipairs(missed) do
  if redis.call('ZSCORE', seats[missed_buckets[index] + 1], seat) then
    redis.call('ZADD', newcomers, 'NX', missed_at, seat)
    redis.call('HSET', since, seat, cursors[index])
    keep(newcomers, since)
  end
end
for _, each in ipairs(closed) do redis.call('ZREM', closing, each) end
local departures = {}
for index, seat in ipairs(ended) do
  local connection_id, user_bucket = unpack_seat(seat)
  end_connection(gone, connection_id, now)
  local bucket = seats[ended_buckets[index] + 1]
  local done = give_up(bucket, users[user_bucket + 1], figures, newcomers, seat, now, most)
  if done then departures[#departures + 1] = {seat, now, done} end
end
return {figure(figures, 'online'), figure(figures, 'likes'), departures}

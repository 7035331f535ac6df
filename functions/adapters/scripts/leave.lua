-- KEYS seats users figures newcomers gone  ARGV seat userId now most connectionId
-- `most` is '' where nothing is to be earned.
-- Returns {} if the seat was given up before, else {last, earned ms, username, ms of the last credit before, online,
-- likes}.
local now = tonumber(ARGV[3])
bury(KEYS[5], ARGV[5], now)
local done = give_up(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2], now, tonumber(ARGV[4]))
if not done then return {} end
return {done[1], done[2], done[3], done[4], figure(KEYS[3], 'online'), figure(KEYS[3], 'likes')}

-- Notes that a slice has told a batch of a partition (read_checkpoint.lua). A mark never moves back: a process that was
-- frozen notes late what others have passed.
-- USES history
-- CONST ROOM_SECONDS ROOMS_REMEMBERED
-- KEYS checkpoint heard
-- ARGV slice first:number first_ms:number last:number newest_ms:number (of the batch in this partition)
-- ARGV rooms... seqs... (of each room in the batch, its last offset)
local known, known_ms = read_mark(redis.call('HGET', checkpoint, 'told:' .. slice), first, first_ms)
local upto, upto_ms = math.max(last, known or -1), math.max(newest_ms, known_ms or 0)
redis.call('HSET', checkpoint, 'told:' .. slice, digits(upto) .. ':' .. digits(upto_ms))
for index, room in ipairs(rooms) do redis.call('ZADD', heard, 'GT', seqs[index], room) end
redis.call('ZREMRANGEBYRANK', heard, 0, -ROOMS_REMEMBERED - 1)
redis.call('EXPIRE', checkpoint, ROOM_SECONDS)
redis.call('EXPIRE', heard, ROOM_SECONDS)
return 1

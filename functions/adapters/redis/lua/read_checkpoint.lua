-- Compares a batch of a partition with what Redis knows of the batches before it.
--
-- checkpoint  hash        told:<slice>: the mark of the last record that the slice has told of this partition.
--                         forgotten:<slice>: up to this offset Redis may have forgotten what it was told
-- heard       sorted set  activityId -> the last offset of the room that the slice has told; one key for each slice
--
-- A batch that begins behind the record that follows the mark tells that Redis has lost the mark's last moves, since a
-- slice reads all records. (The ends of transactions are none. A few offsets behind `own`, which this process has noted
-- itself, are taken for these.) Or records were given up before the slice could read them. In both cases they are missing
-- here. A batch that begins before that is redelivered. Without a mark all is missing, unless nothing was before the
-- batch, or another slice has a mark: then this slice is new. If the log was lost, its rooms notice that by themselves.
--
-- `forgotten` stays, since a room is compared with it when the next record of the room comes. The script that notes the
-- batch runs later. So a redelivered batch finds the same, even if its first attempt died behind this script.
--
-- USES history
-- CONST ROOM_SECONDS HOLE_AT_MOST
-- KEYS checkpoint heard
-- ARGV slice first:number first_ms:number (of the batch in this partition) own:number rooms...
-- Returns the offset up to which Redis may have forgotten something, -1 if nothing, {the last offset that was told to the
-- room, nil if that is not known, ...}, and {activityId, ...} of all rooms that are known, if they have forgotten what is
-- right before this batch.
local mark, forgotten = unpack(redis.call('HMGET', checkpoint, 'told:' .. slice, 'forgotten:' .. slice))
local known = read_mark(mark, first, first_ms) or -1
local is_new_log = mark and known == -1
if is_new_log then
  redis.call('DEL', heard)
  redis.call('HDEL', checkpoint, 'forgotten:' .. slice)
  forgotten = nil
end
local is_new_slice = not mark and not forgotten and redis.call('EXISTS', checkpoint) == 1
local forgetful, hole = {}, first - 1 - known
if hole > (known == own and HOLE_AT_MOST or 0) and not is_new_log and not is_new_slice then
  forgetful = redis.call('ZRANGE', heard, 0, -1)
  forgotten = first - 1
  redis.call('HSET', checkpoint, 'forgotten:' .. slice, digits(forgotten))
  redis.call('EXPIRE', checkpoint, ROOM_SECONDS)
end
local told = #rooms > 0 and redis.call('ZMSCORE', heard, unpack(rooms)) or {}
return {tonumber(forgotten or '-1'), told, forgetful}

-- Takes back a frame that was accepted and could not be published: its cost, its likes and its id. Its watch time stays:
-- the next record has it. A seat that it took again stays too: the viewer is there.
-- USES seats ids
-- KEYS users figures rate ids... (the frame's, if it has one)
-- ARGV user_id kind count:number per_second:number result (that accept.lua kept under the id)
-- ARGV before (what the id is to have again, if anything)
-- ARGV unsure:number (1: nobody knows whether the user's coming was announced)
local bucket = kind == 'chat' and 'chat' or 'other'
local paid_until = redis.call('HGET', rate, bucket)
if paid_until then redis.call('HSET', rate, bucket, string.format('%.3f', paid_until - 1000 / per_second)) end
if kind == 'chat' then redis.call('HDEL', rate, 'spoke') end
if kind == 'like' then redis.call('HINCRBY', figures, 'likes', -count) end
if ids[1] then release_id(ids[1], result, before) end
local user = unsure == 1 and read_user(users, user_id)
if user then
  user.unsure = '?'
  write_user(users, user_id, user)
end
return 1

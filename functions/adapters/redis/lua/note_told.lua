-- Notes what a slice has last told its viewers of users, for TOLD_MS. That they joined is what holds for everybody of
-- whom nothing is noted.
-- CONST TOLD_MS
-- KEYS told
-- ARGV now:number user_ids... whats... ('joined', 'left' or 'unsure', of each)
for index, user_id in ipairs(user_ids) do
  redis.call('ZREM', told, user_id .. '\tleft', user_id .. '\tunsure')
  if whats[index] ~= 'joined' then redis.call('ZADD', told, now, user_id .. '\t' .. whats[index]) end
end
redis.call('ZREMRANGEBYSCORE', told, '-inf', now - TOLD_MS)
redis.call('PEXPIRE', told, TOLD_MS)
return {}

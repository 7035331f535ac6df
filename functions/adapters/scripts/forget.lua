-- Take rooms off the list unless somebody came to them lately, which must not be missed between look and removal.
-- KEYS rooms  ARGV cutoff activityId...
for index = 2, #ARGV do
  local newest = redis.call('ZSCORE', KEYS[1], ARGV[index])
  if newest and tonumber(newest) < tonumber(ARGV[1]) then redis.call('ZREM', KEYS[1], ARGV[index]) end
end
return 1

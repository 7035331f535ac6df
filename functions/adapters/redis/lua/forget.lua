-- Takes rooms off the list, except those that somebody came to since `newest_before`.
-- KEYS rooms
-- ARGV newest_before:number activity_ids...
for _, activity_id in ipairs(activity_ids) do
  local newest = redis.call('ZSCORE', rooms, activity_id)
  if newest and tonumber(newest) < newest_before then redis.call('ZREM', rooms, activity_id) end
end
return 1

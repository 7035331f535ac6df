-- What holds for users when a slice makes a tick that tells of them.
-- USES seats
-- KEYS told mutes users... (of all buckets)
-- ARGV now:number user_ids... buckets... (the number of each user's bucket)
-- Returns {1 if the user is present, what viewers were last told of the user ('left', 'unsure' or ''), ms for which a
-- mute still holds, 0 for good, -1 if there is none, and why}, for each user.
local standings = {}
for index, user_id in ipairs(user_ids) do
  local last = ''
  for _, what in ipairs({'left', 'unsure'}) do
    if redis.call('ZSCORE', told, user_id .. '\t' .. what) then last = what end
  end
  local muted, why = sanctioned(mutes, user_id, now)
  standings[index] = {redis.call('HEXISTS', users[buckets[index] + 1], user_id), last, muted or -1, why or ''}
end
return standings

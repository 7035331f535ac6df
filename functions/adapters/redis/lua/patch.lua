-- Changes a room's properties by a JSON merge patch: all of it, or nothing if a bound would be broken.
--
-- properties  hash    name -> value as compact JSON
-- calls       string  the digest of the patch that a user has sent under an id
--
-- A patch that is sent again under its id changes nothing: somebody else may have changed the same since. The record of
-- a patch whose id was used for something else would be dropped as a duplicate, so such a patch is refused. The id's own
-- key is set a while after this one, when a relay sees the record, and must not outlive it.
--
-- USES json_size merge
-- CONST ROOM_SECONDS RESULT_MS PROPERTIES_AT_MOST PROPERTY_BYTES PROPERTIES_BYTES
-- KEYS properties calls... (if the call has an id: the digest's, and that of ids.lua)
-- ARGV digest names... patches... (compact JSON, of each)
-- Returns {'ok', {name, value, ...} of all}, {'other'} if the id was used for another call, {'too large', name},
-- {'too many'} or {'too much'}.
local call = calls[1]
local before = call and redis.call('GET', call)
if before then
  if before ~= digest then return {'other'} end
  return {'ok', redis.call('HGETALL', properties)}
end
if call and redis.call('EXISTS', calls[2]) == 1 then return {'other'} end

local merged, flat = {}, redis.call('HGETALL', properties)
for index = 1, #flat, 2 do merged[flat[index]] = flat[index + 1] end
for index, name in ipairs(names) do
  if patches[index] == 'null' then
    merged[name] = nil
  else
    merged[name] = merge(merged[name], patches[index])
    if #merged[name] > PROPERTY_BYTES then return {'too large', name} end
  end
end
-- A member has a colon and a comma, the object two braces and no comma at its end.
local count, bytes = 0, 1
for name, value in pairs(merged) do count, bytes = count + 1, bytes + json_size(name) + #value + 2 end
if count > PROPERTIES_AT_MOST then return {'too many'} end
if bytes > PROPERTIES_BYTES then return {'too much'} end

for _, name in ipairs(names) do
  if merged[name] then redis.call('HSET', properties, name, merged[name]) else redis.call('HDEL', properties, name) end
end
redis.call('EXPIRE', properties, ROOM_SECONDS)
if call then redis.call('SET', call, digest, 'PX', 2 * RESULT_MS) end
return {'ok', redis.call('HGETALL', properties)}

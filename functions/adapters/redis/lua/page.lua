-- Library: a page of the people in a room.
--
-- People are listed bucket by bucket, and within a bucket as HSCAN finds them, step by step. So a page costs what it
-- holds, however large the room is. A step has one person or a few, in the order of their user ids; the only step of a
-- small bucket has all of its people. The order stays while people come and go:
-- https://redis.io/docs/latest/commands/scan/#scan-guarantees
-- If a bucket's hash table changes its size between two pages, those of the step in between may come twice. If it
-- shrinks, or another server takes over, somebody may be left out.
--
-- A page begins in the bucket `people[1]` with the step `scan`, behind the user id `after` of that step. It ends with
-- `limit` users, or before it has more than PAGE_BYTES as JSON, since a frame has to hold it.
--
-- It needs the library json_size.
--
-- CONST PAGE_BYTES PERSON_BYTES

-- As the object {"userId":...,"username":...,"attributes":...} and a comma. The id stands in for a name that is not known.
local function person_size(user_id, user)
  local name = user.name == '' and user_id or user.name
  return PERSON_BYTES + json_size(user_id) + json_size(name) + #user.attributes
end

-- Returns online, {{userId, username, attributes}, ...}, and where the next page begins: index of the bucket, step, user
-- id. The index is -1 if this is the last page.
local function read_page(figures, people, limit, scan, after)
  local page, bytes = {}, 0
  for index, bucket in ipairs(people) do
    repeat
      local step, users, ids = redis.call('HSCAN', bucket, scan, 'COUNT', 1), {}, {}
      for at = 1, #step[2], 2 do
        local user_id = step[2][at]
        if user_id > after then
          ids[#ids + 1], users[user_id] = user_id, parse_user(step[2][at + 1])
        end
      end
      table.sort(ids)
      for _, user_id in ipairs(ids) do
        local user = users[user_id]
        bytes = bytes + person_size(user_id, user)
        if #page == limit or bytes > PAGE_BYTES then
          return {figure(figures, 'online'), page, index - 1, scan, after}
        end
        page[#page + 1], after = {user_id, user.name, user.attributes}, user_id
      end
      scan, after = step[1], ''
    until scan == '0'
  end
  return {figure(figures, 'online'), page, -1, '0', ''}
end

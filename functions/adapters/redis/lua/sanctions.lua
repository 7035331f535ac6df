-- A page of the mutes and bans that hold at `now`. Lists come one after another, and each as HSCAN finds it: see
-- page.lua. Lines that are over are taken away. A page looks at LOOKED_AT lines and a step more, so it may have fewer
-- than `limit`, and costs the same however many are over.
-- CONST LOOKED_AT
-- KEYS lists... (that of the cursor, and those behind it)
-- ARGV now:number limit:number scan after
-- Returns {{index of the list, userId, line}, ...}, and where the next page begins: index of the list, step, user id.
-- The index is -1 if this is the last page.
local page, looked_at = {}, 0
for index, list in ipairs(lists) do
  repeat
    local step, lines, ids = redis.call('HSCAN', list, scan, 'COUNT', 1), {}, {}
    for at = 1, #step[2], 2 do
      local user_id = step[2][at]
      -- The platform's list has its version there, behind a tab.
      if user_id > after and string.sub(user_id, 1, 1) ~= '\t' then ids[#ids + 1], lines[user_id] = user_id, step[2][at + 1] end
    end
    table.sort(ids)
    for _, user_id in ipairs(ids) do
      local till = tonumber(string.match(lines[user_id], '^%d+'))
      looked_at = looked_at + 1
      if till == 0 or till > now then
        if #page == limit then return {page, index - 1, scan, after} end
        page[#page + 1] = {index - 1, user_id, lines[user_id]}
      else
        redis.call('HDEL', list, user_id)
      end
      after = user_id
    end
    scan, after = step[1], ''
    if looked_at >= LOOKED_AT and scan ~= '0' then return {page, index - 1, scan, after} end
  until scan == '0'
end
return {page, -1, '0', ''}

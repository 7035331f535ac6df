-- What the room has said since the slot `first`, in slots that are over. Readers are told all of it, so no entry may be
-- dated before the end of these slots any more.
-- USES seats gallery
-- CONST SLOTS_MS MOST_SLOT_BYTES
-- KEYS figures gallery slots
-- ARGV first:number
-- Returns the server's ms, the ms since when the slots have everything (-1: the gallery is not open), places, the slot
-- before which what follows ends, {{ms, said, for}, ...}. It is cut behind the slot with which it is large.
local at = server_ms()
local open, places = open_since(figures, gallery, slots, at), figure(figures, 'places')
local over = math.floor(at / 1000)
if not open then return {at, -1, places, over, {}} end
local since = math.max(open, at - SLOTS_MS)
if first >= over or first * 1000 < since then return {at, since, places, over, {}} end
local read = tonumber(redis.call('HGET', gallery, 'read') or '0')
if over * 1000 > read then redis.call('HSET', gallery, 'read', string.format('%.0f', over * 1000)) end
local found, bytes, last = {}, 0, nil
local upto = string.format('(%.0f-0', over * 1000)
for _, entry in ipairs(redis.call('XRANGE', slots, string.format('%.0f-0', first * 1000), upto)) do
  local ms = tonumber(string.match(entry[1], '^%d+'))
  local slot = math.floor(ms / 1000)
  if bytes > MOST_SLOT_BYTES and slot ~= last then
    over = slot
    break
  end
  last, bytes = slot, bytes + #entry[2][2]
  found[#found + 1] = {ms, entry[2][2], entry[2][4]}
end
return {at, since, places, over, found}

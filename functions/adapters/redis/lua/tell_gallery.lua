-- Writes a tick into the gallery, once: a tick that is behind the gallery's mark, or at it, was written before.
-- USES seats history gallery
-- KEYS figures gallery slots
-- ARGV mark said (encoded objects, with commas between)
-- Returns 1, 0 if nothing was written.
local at = server_ms()
if not open_since(figures, gallery, slots, at) then return 0 end
local noted = redis.call('HGET', gallery, 'mark')
if noted and (noted == mark or is_behind(mark, noted)) then return 0 end
redis.call('HSET', gallery, 'mark', mark)
if said ~= '' then add_entry(gallery, slots, at, said, {}) end
return 1

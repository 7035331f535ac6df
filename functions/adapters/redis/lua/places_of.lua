-- The places of a user, as packed seats. With `calling` (1) the reader is called, and renews the place at once.
-- USES seats gallery
-- KEYS users figures gallery slots
-- ARGV user_id seat (one of the user's, on any connection) calling:number
local user, at = read_user(users, user_id), server_ms()
if not has_place(user) then return {} end
if calling == 1 and open_since(figures, gallery, slots, at) then
  add_entry(gallery, slots, at, '', {hash_of(gallery, user_id)})
end
local found = {}
for index, each in ipairs(places_of_user(user, seat)) do found[index] = each[1] end
return found

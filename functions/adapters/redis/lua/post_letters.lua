-- Keeps objects for users who have a place, each for one user alone, and calls these in the slot. An object that comes
-- again is kept once.
-- USES seats gallery
-- KEYS figures gallery slots users... (of all buckets) mails... (one for each of `readers`)
-- ARGV seq
-- ARGV readers... buckets... (the number of each user's bucket) objects...
-- Returns how many users were called.
local at, hashes, known = server_ms(), {}, {}
for index, user_id in ipairs(readers) do
  if has_place(read_user(users[buckets[index] + 1], user_id)) then
    put_mail(mails[index], seq, objects[index])
    if not known[user_id] then hashes[#hashes + 1], known[user_id] = hash_of(gallery, user_id), true end
  end
end
if #hashes > 0 and open_since(figures, gallery, slots, at) then add_entry(gallery, slots, at, '', hashes) end
return #hashes

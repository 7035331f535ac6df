-- A page of the people in a room.
-- USES seats json_size page
-- KEYS figures people... (the users of the cursor's bucket and of those behind it)
-- ARGV limit:number scan after
-- Returns what read_page does.
return read_page(figures, people, limit, scan, after)

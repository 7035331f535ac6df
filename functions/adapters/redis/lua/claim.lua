-- Keeps the id of a call, unless it was used before.
-- USES ids
-- KEYS id
-- ARGV now:number result
-- Returns the first result of an id that was used before, '' for one that was not, and 1 if it is free again.
local first, freed = read_id(id, now)
if not first then keep_id(id, result) end
return {first or '', freed}

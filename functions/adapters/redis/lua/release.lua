-- Takes back that the id of a call was kept.
-- USES ids
-- KEYS id
-- ARGV result before (what the id is to have again, if anything)
release_id(id, result, before)
return 1

-- What a reader is told who has just taken or renewed a place: the room as it is, what was said behind the
-- `cursor`, and what waits for this reader alone.
--
-- The relay writes the history before a tick, and the slots after it. In between it may find out that Redis has forgotten
-- what stood before the tick (read_checkpoint.lua). So the reader is told what the gallery was told, up to its mark. All
-- behind that comes into this second's slot or a later one. A gallery that was opened since then has no mark yet.
--
-- USES seats history gallery
-- CONST RECENT
-- KEYS figures history gallery mutes properties mail
-- ARGV user_id now:number cursor (, '' if there is none) asked:number (1: for the history and the properties)
-- ARGV read_mail:number (the seq up to which the reader has its mail, none: all that comes is behind the history's mark)
-- Returns the server's ms, the reader's hash, {online, likes, slow, frozen}, epoch, {log, trimmed, the seq up to which the
-- gallery was told}, {ms for which a mute still holds, 0 for good, -1 if there is none, and why}, {property, value, ...},
-- {{seq, object}, ...} of the history, {object, ...} of the mail, the seq up to which the mail has come, 1 if some of it
-- was too much.
local online, likes, slow, frozen, epoch, log, trimmed, written = unpack(redis.call('HMGET', figures,
  'online', 'likes', 'slow', 'frozen', 'epoch', 'log', 'trimmed', 'written'))
trimmed = log and trimmed_up_to(history, tonumber(trimmed), tonumber(written)) or -1
local newest = log and tonumber(string.match(log, '^%d+')) or -1
local mark, of_epoch = unpack(redis.call('HMGET', gallery, 'mark', 'epoch'))
if mark and of_epoch == epoch then newest = math.min(newest, tonumber(string.match(mark, '^%d+'))) end

local entries = {}
if asked == 1 and newest >= 0 then
  local of, seq = string.match(cursor, '^(%w+)%.(%d+)$')
  local found = {}
  if of == epoch and tonumber(seq) < newest then
    found = redis.call('XRANGE', history, digits(tonumber(seq) + 1), digits(newest))
  end
  if #found < RECENT then
    found = {}
    for _, entry in ipairs(redis.call('XREVRANGE', history, digits(newest), '-', 'COUNT', RECENT)) do
      table.insert(found, 1, entry)
    end
  end
  for index, entry in ipairs(found) do entries[index] = {string.match(entry[1], '^%d+'), entry[2][4]} end
end

local letters, lacking, mail_seq = {}, 0, read_mail or newest
if read_mail then
  local found = redis.call('ZRANGEBYSCORE', mail, '(' .. digits(read_mail), '+inf', 'WITHSCORES')
  for at = 1, #found, 2 do
    if found[at] == '' then lacking = 1 else letters[#letters + 1] = found[at] end
    mail_seq = math.max(mail_seq, tonumber(found[at + 1]))
  end
end
local muted, why = sanctioned(mutes, user_id, now)
return {server_ms(), hash_of(gallery, user_id),
        {tonumber(online or 0), tonumber(likes or 0), tonumber(slow or 0), tonumber(frozen or 0)}, epoch or '',
        {log or '', trimmed, newest}, {muted or -1, why or ''}, asked == 1 and redis.call('HGETALL', properties) or {},
        entries, letters, mail_seq, lacking}

-- Library: an upper bound of the bytes of a text as JSON. No text that is measured has control characters.
local function json_size(text)
  local _, escaped = string.gsub(text, '["\\]', '')
  return #text + escaped + 2
end

-- Library: JSON merge patch, https://www.rfc-editor.org/rfc/rfc7396, of values that are texts.
--
-- In: two values as compact JSON, as Python writes it: without white space, and each text in one spelling. Out: the
-- merged value as compact JSON. An object is cut into its members, and these are put together again. Numbers, lists and
-- texts are never read: Lua's numbers lose digits, and its tables cannot tell an empty list from an empty object.

-- The position behind the text whose opening quote is at `at`.
local function behind_text(json, at)
  at = at + 1
  while true do
    local found = string.find(json, '["\\]', at)
    if string.sub(json, found, found) == '"' then return found + 1 end
    at = found + 2
  end
end

-- The position behind the value of a member, which begins at `at`.
local function behind_value(json, at)
  local first = string.sub(json, at, at)
  if first == '"' then return behind_text(json, at) end
  if first ~= '{' and first ~= '[' then return (string.find(json, '[,}]', at)) end
  local depth = 0
  repeat
    at = string.find(json, '["%[%]{}]', at)
    local found = string.sub(json, at, at)
    if found == '"' then
      at = behind_text(json, at)
    else
      depth, at = depth + ((found == '{' or found == '[') and 1 or -1), at + 1
    end
  until depth == 0
  return at
end

-- The names of an object's members in their order, as JSON, and the values by these.
local function members(json)
  local names, values, at = {}, {}, 2
  while string.sub(json, at, at) == '"' do
    local colon = behind_text(json, at)
    local name, stop = string.sub(json, at, colon - 1), behind_value(json, colon + 1)
    names[#names + 1], values[name] = name, string.sub(json, colon + 1, stop - 1)
    at = stop + 1
  end
  return names, values
end

local function is_object(json) return json and string.sub(json, 1, 1) == '{' end

-- `target` is nil if there is nothing to merge with.
local function merge(target, patch)
  if not is_object(patch) then return patch end
  local names, values = members(is_object(target) and target or '{}')
  local changed, changes = members(patch)
  for _, name in ipairs(changed) do
    if changes[name] == 'null' then
      values[name] = nil
    else
      if not values[name] then names[#names + 1] = name end
      values[name] = merge(values[name], changes[name])
    end
  end
  local kept = {}
  for _, name in ipairs(names) do
    if values[name] then kept[#kept + 1] = name .. ':' .. values[name] end
  end
  return '{' .. table.concat(kept, ',') .. '}'
end

-- delete_drafts.lua: delete all drafts, to make room for a job in a Redis that is full.
--
-- KEYS[1]  prefix of every key
--
-- Reply: number of drafts that were deleted
local deleted = 0
repeat
  local count = delete_oldest_drafts(100)
  deleted = deleted + count
until count == 0
return deleted

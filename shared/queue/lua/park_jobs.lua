-- park_jobs.lua: park those of these jobs that wait in the generate stage, if their guild is paused. claim.lua parks each
-- job when its turn comes; this is for the slots that they hold and the places that they have until then. It writes
-- even if Redis is full.
--
-- KEYS[1]    prefix of every key
-- ARGV[1...] string  job ids
--
-- Reply: number of jobs that were parked
local parked = 0
allow_writes_when_full()
for _, id in ipairs(ARGV) do
  local is_waiting = get_job_fields(id, 'state') == 'queued' and is_guild_paused(id)
  if is_waiting and not redis.call('ZSCORE', key('parked', get_guild_scope(id)), id) then
    park(id)
    parked = parked + 1
  end
end
return parked

-- start_call.lua: record a call before it is made, once for each lease. It writes even if Redis is full.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  job id
-- ARGV[2]  string  claim token
--
-- Reply: string, 'started' | 'lost' (the lease was lost) | 'held' (the epoch is not confirmed, or the guild was paused
-- since the job was claimed). The call must not be made unless it is 'started'
local id, claim_token = unpack(ARGV)
allow_writes_when_full()
if not holds_lease(id, claim_token) then return 'lost' end
if not is_epoch_confirmed() then return 'held' end
if get_job_fields(id, 'call_started') ~= '1' then
  if is_guild_paused(id) then return 'held' end
  increment(id, 'calls', 1)
  redis.call('HSET', key('job', id), 'call_started', 1)
  log_calls(id)
end
return 'started'

-- cancel.lua: end a job whose call has not started. It writes even if Redis is full.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  job id
-- ARGV[2]  string  outcome, as JSON
--
-- Reply: names and values
--   result     string  'cancelled' | 'too_late' (its call has started, or the job has ended) | 'unknown' (no such job)
--   stage      string  the stage that the job has left (cancelled)
--   claimable  number  jobs of that stage that could be claimed now (cancelled)
local id, outcome = unpack(ARGV)
local state, stage, claim_token, call_started = get_job_fields(id, 'state', 'stage', 'claim_token', 'call_started')
if not state then return {'result', 'unknown'} end
if has_ended(state) or (claim_token and call_started == '1') then return {'result', 'too_late'} end
allow_writes_when_full()
end_job(stage, id, outcome)
return {'result', 'cancelled', 'stage', stage, 'claimable', count_claimable(stage, get_time())}

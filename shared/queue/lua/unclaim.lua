-- unclaim.lua: undo claims under which no call was made, as if the jobs had never been claimed. It writes even if Redis
-- is full.
--
-- KEYS[1]    prefix of every key
-- ARGV[1]    string  stage
-- ARGV[2...] string  claim tokens
--
-- Reply: number of jobs that can be claimed again
local stage, requeued = ARGV[1], 0
allow_writes_when_full()
for i = 2, #ARGV do
  local id = redis.call('HGET', key('claim_tokens', stage), ARGV[i])
  if id then
    if get_job_fields(id, 'call_started') == '1' then increment(id, 'calls', -1) end
    increment(id, 'claims', -1)
    requeue(stage, id)
    requeued = requeued + 1
  end
end
return requeued

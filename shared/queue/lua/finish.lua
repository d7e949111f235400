-- finish.lua: end a job, with its picture if there is one. A picture or a filtered result was paid for, so it is stored
-- even if the lease was lost, and even if Redis has lost the job; a failure, and a source that was refused before the
-- call, is stored only under the lease, as otherwise another worker has the job. It writes even if Redis is full.
--
-- KEYS[1]    prefix of every key
-- ARGV[1]    string  stage
-- ARGV[2]    string  job id
-- ARGV[3]    string  claim token
-- ARGV[4]    string  outcome, as JSON
-- ARGV[5]    number  milliseconds for which the picture is kept
-- ARGV[6]    number  duration of the call in milliseconds, 0 if no call succeeded
-- ARGV[7]    string  the job, as JSON; this and the next three are for a Redis that has lost it
-- ARGV[8]    string  its model
-- ARGV[9]    string  its tenant
-- ARGV[10]   number  its calls of unknown fate
-- ARGV[11]   string  AWS account of the call
-- ARGV[12...]  string  chunks of the picture, if they are not in incoming_picture
--
-- Reply: names and values
--   is_stored        number  1 | 0: the job had already ended, or failed under a lost lease
--   missing_tickets  number  claimable jobs of the stage less the tickets that wait for workers (if stored)
--   is_resumed       number  1 | 0: the result ended a pause of its model in the account (if stored)
local stage, id, claim_token, outcome, ttl_ms, duration_ms, job, model, tenant, unknown_calls, account =
  unpack(ARGV, 1, 11)
local state, ended = get_job_fields(id, 'state'), cjson.decode(outcome)
local is_paid = ended.kind ~= 'failed' and not ended.is_before_call
if not holds_lease(id, claim_token) then
  if not is_paid then return {'is_stored', 0} end
  allow_writes_when_full()
  log_late_call(id)
end
if has_ended(state) then return {'is_stored', 0} end
allow_writes_when_full()
if not state then
  create_job(id, job, model, tenant, 0, '', unknown_calls)
  redis.call('HSET', key('job', id), 'account', account)
end
end_job(stage, id, outcome)
store_picture(key('result', id), 12, ttl_ms)
local pace = get_account_key(account, 'pace', model)

-- A success speeds the model's calls in the account up again after throttling, by 40 %, but not beyond its own limit a
-- minute.
if tonumber(duration_ms) > 0 then
  redis.call('LPUSH', key('call_durations', model), duration_ms)
  redis.call('LTRIM', key('call_durations', model), 0, 31)
  local interval_ms, min_interval_ms = unpack(redis.call('HMGET', pace, 'interval_ms', 'min_interval_ms'))
  local faster_ms = math.floor(to_number(interval_ms) * 0.6)
  if faster_ms < 100 then faster_ms = 0 end
  redis.call('HSET', pace, 'interval_ms', math.max(faster_ms, to_number(min_interval_ms)))
end
-- A model that responds, be it with a filtered result, is no longer paused.
local is_resumed = false
if stage == 'generate' and is_paid then
  is_resumed = is_model_paused(model, account)
  redis.call('HDEL', pace, 'failed_calls', 'pause_ms', 'paused_until', 'probe')
end
local tickets = redis.call('LLEN', key('celery', stage))
return {
  'is_stored', 1,
  'missing_tickets', count_claimable(stage, get_time()) - tickets,
  'is_resumed', is_resumed and 1 or 0,
}

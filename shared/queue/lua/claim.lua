-- claim.lua: lease the job with the lowest start tag whose model and scopes let it run; jobs of paused guilds are parked
-- on the way. Called again with the same token (the reply may have been lost), it gives the same job. It writes even if
-- Redis is full.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  stage
-- ARGV[2]  string  claim token, unique to this claim
-- ARGV[3]  number  length of the lease, in milliseconds
--
-- Reply: names and values
--   result         string  'claimed' | 'none' (no job may run now) | 'again' (100 jobs in a row were blocked or
--                          parked: call again; this bounds how long one run keeps Redis busy)
--   job_id         string  (claimed)
--   job            string  the job, as JSON (claimed)
--   unknown_calls  number  calls of unknown fate before this claim (claimed)
--   resumed_at     number  when the job was last unparked, in milliseconds of Redis's clock; 0 if never (claimed)
local stage, claim_token, lease_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local now, max_skipped = get_time(), 100

local function find_fairest_job()
  local id, start_tag, id_model
  for _, model in ipairs(redis.call('SMEMBERS', key('ready_models', stage))) do
    if get_call_delay(stage, model, now) == 0 then
      local first = redis.call('ZRANGE', key('ready', stage, model), 0, 0, 'WITHSCORES')
      if first[1] and (not id or tonumber(first[2]) < start_tag) then
        id, start_tag, id_model = first[1], tonumber(first[2]), model
      elseif not first[1] then
        redis.call('SREM', key('ready_models', stage), model)
      end
    end
  end
  return id, start_tag, id_model
end

local function build_claim(id)
  local job, unknown_calls, resumed_at = get_job_fields(id, 'job', 'unknown_calls', 'resumed_at')
  return {'result', 'claimed', 'job_id', id, 'job', job, 'unknown_calls', to_number(unknown_calls), 'resumed_at',
    to_number(resumed_at)}
end

local claimed_before = redis.call('HGET', key('claim_tokens', stage), claim_token)
if claimed_before then return build_claim(claimed_before) end

allow_writes_when_full()
for _ = 1, max_skipped do
  local id, start_tag, model = find_fairest_job()
  if not id then return {'result', 'none'} end
  redis.call('ZREM', key('ready', stage, model), id)
  if not get_job_fields(id, 'job') then
    redis.call('ZREM', key('open_jobs'), id)
  elseif stage == 'generate' and is_guild_paused(id) then
    park(id)
  elseif acquire_slots(stage, id) then
    remove_from_queued(stage, id)
    redis.call('SADD', key('claimed', stage, model), id)
    redis.call('ZADD', key('leases', stage), now + lease_ms, id)
    redis.call('HSET', key('claim_tokens', stage), claim_token, id)
    local virtual_time = to_number(redis.call('GET', key('virtual_time', stage)))
    redis.call('SET', key('virtual_time', stage), math.max(start_tag, virtual_time))
    increment(id, 'claims', 1)
    redis.call('HSET', key('job', id), 'claim_token', claim_token, 'call_started', 0)
    if stage == 'generate' then
      set_state(id, 'running')
      local interval_ms = to_number(redis.call('HGET', key('pace', model), 'interval_ms'))
      if interval_ms > 0 then redis.call('HSET', key('pace', model), 'next_call_at', now + interval_ms) end
      if is_model_paused(model) then redis.call('HSET', key('pace', model), 'probe', id) end
    end
    return build_claim(id)
  end
end
return {'result', 'again'}

-- claim.lua: lease the fairest job whose model and scopes let it run: the lowest start tag says which tenant's turn it
-- is, and the lowest inner tag which of its ready jobs of that model takes it. A model may run if it has room in any
-- account, and its call goes where it has most. Jobs of paused guilds are parked on the way. Called again with the same
-- token (the reply may have been lost), it gives the same job. It writes even if Redis is full.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  stage
-- ARGV[2]  string  claim token, unique to this claim
-- ARGV[3]  number  length of the lease, in milliseconds
-- ARGV[4...] string  AWS accounts in which the worker can make calls
--
-- Reply: names and values
--   result         string  'claimed' | 'none' (no job may run now) | 'again' (100 jobs in a row were blocked or
--                          parked: call again; this bounds how long one run keeps Redis busy)
--   job_id         string  (claimed)
--   job            string  the job, as JSON (claimed)
--   unknown_calls  number  calls of unknown fate before this claim (claimed)
--   resumed_at     number  when the job was last unparked, in milliseconds of Redis's clock; 0 if never (claimed)
--   account        string  the account for its call (claimed)
--   traceparent    string  the span that accepted the job, '' for none (claimed)
local stage, claim_token, lease_ms, accounts = ARGV[1], ARGV[2], tonumber(ARGV[3]), {unpack(ARGV, 4)}
local now, max_skipped = get_time(), 100

local function find_fairest_job()
  local id, start_tag, id_model, id_account
  for _, model in ipairs(redis.call('SMEMBERS', key('ready_models', stage))) do
    local account = find_account(stage, model, accounts, now)
    if account then
      local first = redis.call('ZRANGE', key('ready', stage, model), 0, 0, 'WITHSCORES')
      if first[1] and (not id or tonumber(first[2]) < start_tag) then
        id, start_tag, id_model, id_account = first[1], tonumber(first[2]), model, account
      elseif not first[1] then
        redis.call('SREM', key('ready_models', stage), model)
      end
    end
  end
  return id, start_tag, id_model, id_account
end

local function build_claim(id)
  local job, unknown_calls, resumed_at, account, traceparent =
    get_job_fields(id, 'job', 'unknown_calls', 'resumed_at', 'account', 'traceparent')
  return {'result', 'claimed', 'job_id', id, 'job', job, 'unknown_calls', to_number(unknown_calls), 'resumed_at',
    to_number(resumed_at), 'account', account or default_account, 'traceparent', traceparent or ''}
end

local claimed_before = redis.call('HGET', key('claim_tokens', stage), claim_token)
if claimed_before then return build_claim(claimed_before) end

-- Take a job out of the ready ones. The result is 'runnable', 'blocked', or 'gone' if its guild is paused or Redis has
-- lost it.
local function take_ready_job(id, model)
  remove_from_waiting('ready', stage, model, id)
  if not get_job_fields(id, 'job') then
    redis.call('ZREM', key('open_jobs'), id)
    return 'gone'
  end
  if stage == 'generate' and is_guild_paused(id) then
    park(id)
    return 'gone'
  end
  return acquire_slots(stage, id) and 'runnable' or 'blocked'
end

local function claim_job(id, start_tag, model, account)
  local tenant, inner_tag = get_turn(stage, id)
  remove_from_queued(stage, id)
  redis.call('ZADD', key('leases', stage), now + lease_ms, id)
  redis.call('HSET', key('claim_tokens', stage), claim_token, id)
  local base = start_tag < low_base and 0 or low_base
  local virtual_time = get_virtual_time_key(stage, base)
  redis.call('SET', virtual_time, math.max(start_tag, read_tag(redis.call('GET', virtual_time), base)))
  if inner_tag then advance_inner_time(stage, tenant, inner_tag) end
  increment(id, 'claims', 1)
  redis.call('HSET', key('job', id), 'claim_token', claim_token, 'call_started', 0)
  redis.call('SADD', get_account_key(account, 'claimed', stage, model), id)
  if stage == 'generate' then
    local pace = get_account_key(account, 'pace', model)
    redis.call('HSET', key('job', id), 'account', account)
    set_state(id, 'running')
    local interval_ms, paused_until = unpack(redis.call('HMGET', pace, 'interval_ms', 'paused_until'))
    if to_number(interval_ms) > 0 then redis.call('HSET', pace, 'next_call_at', now + to_number(interval_ms)) end
    if paused_until then redis.call('HSET', pace, 'probe', id) end
  end
  return build_claim(id)
end

allow_writes_when_full()
local skipped = 0
while skipped < max_skipped do
  local first, start_tag, model, account = find_fairest_job()
  if not first then return {'result', 'none'} end
  local tenant, inner_tag = get_turn(stage, first)
  local is_first_ready = true
  repeat
    local id = find_turn('ready', stage, model, is_first_ready and first, tenant, inner_tag or start_tag)
    if not id then break end -- all that the tenant has ready for this model is blocked now
    local result = take_ready_job(id, model)
    if result == 'runnable' then
      if id ~= first then exchange_start_tags(stage, first, id) end
      return claim_job(id, start_tag, model, account)
    end
    skipped = skipped + 1
    if id == first then is_first_ready = false end
  until skipped == max_skipped or (id == first and result == 'gone')
end
return {'result', 'again'}

-- stages.lua: jobs enter the stages, leave them, are parked and end. It is prepended to each script, behind
-- fair_order.lua.

-- The guild of a job, as a scope.
local function get_guild_scope(id)
  for _, scope in ipairs(get_scopes(id)) do
    if scope.name:find('^guild%-') then return scope.name end
  end
  return 'guild-0'
end

-- Whether the queue of a job's guild is paused: no call of the job may start. Its picture is prepared all the same.
local function is_guild_paused(id)
  return redis.call('SISMEMBER', key('paused_guilds'), get_guild_scope(id)) == 1
end

-- Keep a job of a paused guild outside of the queue, at its place by the time it was accepted. Its picture is kept for
-- as long (at most a year) as the guild may be paused.
local function add_to_parked(id)
  local guild, accepted_at = get_guild_scope(id), redis.call('ZSCORE', key('open_jobs'), id)
  redis.call('ZADD', key('parked', guild), to_number(accepted_at, get_time()), id)
  redis.call('SADD', key('parked_guilds'), guild)
  redis.call('PEXPIRE', key('prepared', id), 365 * 86400000)
end

-- Store a new job, without a stage yet. `scopes` is 'name max_running name max_running ...'. Without a subtenant it is
-- its tenant's own, and its priority is normal unless it is 'low'.
local function create_job(id, job, model, tenant, cost, scopes, unknown_calls, subtenant, priority)
  redis.call('HSET', key('job', id), 'job', job, 'model', model, 'tenant', tenant, 'cost', cost, 'scopes', scopes,
    'claims', 0, 'calls', 0, 'unknown_calls', unknown_calls)
  if subtenant and subtenant ~= '' and subtenant ~= tenant then
    redis.call('HSET', key('job', id), 'subtenant', subtenant)
  end
  if priority == 'low' then redis.call('HSET', key('job', id), 'priority', priority) end
  loaded_jobs[id] = nil
  redis.call('ZADD', key('open_jobs'), get_time(), id)
  for _, scope in ipairs(get_scopes(id)) do redis.call('SADD', key('open', scope.name), id) end
end

-- Give a job its place in the queue of a stage by start-time fair queueing: its start tag is the finish tag of its
-- tenant's previous job, or the virtual time if that is later; its own finish tag is its cost further on. A job of a
-- paused guild gets its place when the guild is resumed.
local function enter_stage(stage, id)
  redis.call('HSET', key('job', id), 'stage', stage)
  set_state(id, stage == 'prepare' and 'preparing' or 'queued')
  if stage == 'generate' and is_guild_paused(id) then return add_to_parked(id) end
  local tenant, _, base = get_turn(stage, id)
  local virtual_time = read_tag(redis.call('GET', get_virtual_time_key(stage, base)), base)
  local finish_tag = read_tag(redis.call('ZSCORE', key('finish_tags', stage), tenant), base)
  local start_tag = math.max(virtual_time, finish_tag)
  redis.call('ZADD', key('finish_tags', stage), start_tag + load_job(id).cost, tenant)
  redis.call('HSET', key('job', id), 'start_tag:' .. stage, start_tag)
  set_inner_tag(stage, id, tenant, virtual_time, finish_tag)
  make_ready(stage, id)
end

-- Remove a job from a stage, wherever it is. Its lease ends, and its slots go to the jobs that are blocked on them.
local function leave_stage(stage, id)
  local model, claim_token, account = get_queue_model(stage, id), get_job_fields(id, 'claim_token', 'account')
  redis.call('ZREM', key('leases', stage), id)
  redis.call('ZREM', key('delayed', stage), id)
  remove_from_waiting('ready', stage, model, id)
  redis.call('SREM', key('claimed', stage, model), id) -- a worker that knows no accounts may have claimed it
  if account and account ~= default_account then
    redis.call('SREM', get_account_key(account, 'claimed', stage, model), id)
  end
  remove_from_queued(stage, id)
  if stage == 'generate' then redis.call('ZREM', key('parked', get_guild_scope(id)), id) end
  if claim_token then
    redis.call('HDEL', key('claim_tokens', stage), claim_token)
    redis.call('HDEL', key('job', id), 'claim_token')
  end
  for _, scope in ipairs(get_scopes(id)) do
    remove_from_waiting('blocked', stage, scope.name, id)
    if redis.call('SREM', key('slots', stage, scope.name), id) == 1 then grant_next_slot(stage, scope.name) end
  end
end

-- End the lease of a job and put it back at its old place in the queue, to be claimed at once or (if ready_at is given)
-- not before that time.
local function requeue(stage, id, ready_at)
  leave_stage(stage, id)
  if stage == 'generate' then set_state(id, 'queued') end
  if ready_at then
    add_to_queued(stage, id)
    redis.call('ZADD', key('delayed', stage), ready_at, id)
  else
    make_ready(stage, id)
  end
end

-- Take a job of a paused guild out of the queue, as if it had never entered the generate stage: others get its slots,
-- and the jobs that its tenant has elsewhere are not behind it.
local function park(id)
  local job, tenant = load_job(id), get_turn('generate', id)
  leave_stage('generate', id)
  for tags, name in pairs({
    [key('finish_tags', 'generate')] = tenant,
    [key('inner_tags', 'generate', tenant)] = job.subtenant or job.tenant,
  }) do
    local finish_tag = redis.call('ZSCORE', tags, name)
    if finish_tag then redis.call('ZADD', tags, finish_tag - job.cost, name) end
  end
  redis.call('HDEL', key('job', id), 'inner_tag:generate')
  loaded_jobs[id] = nil
  add_to_parked(id)
end

-- Let at most `count` parked jobs of a guild enter the queue, unless it is paused, in the order in which they were
-- accepted, and return how many there were. Their pictures are kept for ttl_ms from now.
local function unpark_jobs(guild, count, ttl_ms)
  if redis.call('SISMEMBER', key('paused_guilds'), guild) == 1 then return 0 end
  local parked = key('parked', guild)
  local ids = redis.call('ZRANGE', parked, 0, count - 1)
  for _, id in ipairs(ids) do
    redis.call('ZREM', parked, id)
    if get_job_fields(id, 'state') == 'queued' then
      redis.call('PEXPIRE', key('prepared', id), ttl_ms)
      redis.call('HSET', key('job', id), 'resumed_at', get_server_time())
      enter_stage('generate', id)
    end
  end
  if redis.call('EXISTS', parked) == 0 then redis.call('SREM', key('parked_guilds'), guild) end
  return #ids
end

-- Store a picture under a key for ttl_ms, and return whether there is one. Its chunks are those in ARGV from `first` on
-- (a full Redis accepts them only as arguments of a script), otherwise those that this transaction has pushed to
-- `incoming_picture`. A picture that lies elsewhere has a reference instead, a string; in ARGV it follows an empty one.
local function store_picture(name, first, ttl_ms)
  if ARGV[first] == '' then
    redis.call('SET', name, ARGV[first + 1])
  elseif ARGV[first] then
    redis.call('DEL', name)
    redis.call('RPUSH', name, unpack(ARGV, first))
  elseif redis.call('EXISTS', key('incoming_picture')) == 1 then
    redis.call('RENAME', key('incoming_picture'), name)
  end
  return redis.call('PEXPIRE', name, ttl_ms) == 1
end

-- The bytes that Redis uses, and its maxmemory, 0 if there is no limit.
local function get_memory()
  local memory = redis.call('INFO', 'memory')
  return tonumber(memory:match('used_memory:(%d+)')), tonumber(memory:match('maxmemory:(%d+)'))
end

-- Tell whether Redis uses more than this ratio (0 to 1) of its maxmemory.
local function is_memory_short(max_memory_ratio)
  local used, maxmemory = get_memory()
  return maxmemory > 0 and used > maxmemory * tonumber(max_memory_ratio)
end

-- The milliseconds until a scope with a limit per minute may have another request; nil if it may have one now. Requests
-- are members of sorted sets, by their time.
local function get_rate_delay(limit, now, ...)
  if limit == 0 then return nil end
  local times, since = {}, '(' .. now - 60000
  for _, name in ipairs({...}) do
    local latest = redis.call('ZREVRANGEBYSCORE', name, '+inf', since, 'WITHSCORES', 'LIMIT', 0, limit)
    for i = 2, #latest, 2 do times[#times + 1] = tonumber(latest[i]) end
  end
  if #times < limit then return nil end
  table.sort(times, function(a, b) return a > b end)
  return times[limit] + 60000 - now
end

-- Count a request in a sorted set of requests within the last minute.
local function count_request(name, id, now)
  redis.call('ZREMRANGEBYSCORE', name, '-inf', now - 60000)
  redis.call('ZADD', name, now, id)
  redis.call('PEXPIRE', name, 60000)
end

-- Delete the oldest drafts, to make room for a job, and return their number.
local function delete_oldest_drafts(count)
  local ids = redis.call('ZRANGE', key('drafts'), 0, count - 1)
  for _, id in ipairs(ids) do
    redis.call('DEL', key('draft', id))
    redis.call('ZREM', key('drafts'), id)
  end
  return #ids
end

-- The key of the picture that a job needs in a stage.
local function get_picture_key(stage, id)
  return stage == 'prepare' and key('upload', id) or key('prepared', id)
end

-- End a job and add its outcome to the stream. The upload is deleted; the prepared picture is kept until delivery.
local function end_job(stage, id, outcome)
  leave_stage(stage, id)
  redis.call('DEL', key('upload', id))
  redis.call('HSET', key('job', id), 'outcome', outcome)
  set_state(id, 'finished')
  redis.call('XADD', key('outcomes'), '*', 'job_id', id)
end

-- Keep a failed job and its picture for ttl_ms, so that an operator can examine and retry it.
local function copy_to_dead_letters(stage, id, outcome, ttl_ms)
  local now, letter = get_server_time(), key('dead_letter', id)
  redis.call('HSET', letter, 'stage', stage, 'outcome', outcome, 'failed_at', now)
  for _, name in ipairs({
    'job', 'model', 'tenant', 'subtenant', 'cost', 'priority', 'scopes', 'claims', 'calls', 'thread_id',
  }) do
    redis.call('HSET', letter, name, get_job_fields(id, name) or '')
  end
  redis.call('PEXPIRE', letter, ttl_ms)
  local picture = get_picture_key(stage, id)
  if redis.call('EXISTS', picture) == 1 then
    redis.call('RENAME', picture, key('dead_letter_picture', id))
    redis.call('PEXPIRE', key('dead_letter_picture', id), ttl_ms)
  end
  redis.call('ZADD', key('dead_letters'), now, id)
end

local function holds_lease(id, claim_token)
  return redis.call('HGET', key('job', id), 'claim_token') == claim_token
end

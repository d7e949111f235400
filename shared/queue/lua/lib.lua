-- lib.lua: functions that the scripts share; it is prepended to each of them.
--
-- KEYS[1] is the prefix of every key. The scripts build all keys from it (shared/queue/schema.py lists them), which is
-- why Redis Cluster is not supported. Times are in milliseconds. A stage is 'prepare' or 'generate'. A scope is a group
-- of jobs that limits apply to: 'user-<id>', 'batch-<id>', 'channel-<id>' or 'guild-<id>'.

local function key(...)
  return KEYS[1] .. table.concat({...}, ':')
end

-- The number in a stored value, or the default (0 if there is none). A value that was damaged must not end a script
-- that serves all jobs.
local function to_number(value, default)
  local number = tonumber(value)
  return number and math.abs(number) < math.huge and number or default or 0
end

-- The time of Redis's clock, for people to read.
local function get_server_time()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The time of the queue's own clock, for everything that expires or is compared. It is ahead of Redis's clock by as
-- much as that was ever set back, so that setting the clock back does not prolong a lease or a rate limit.
local function get_time()
  return get_server_time() + to_number(redis.call('GET', key('clock_offset')))
end

-- Let the rest of the script write even if Redis has reached maxmemory: Redis checks the limit only until a script's
-- first write, and deleting a key that never exists is a write that is always allowed.
local function allow_writes_when_full()
  redis.call('DEL', key('no_such_key'))
end

-- Redis's run id, a new one each time that a server starts. A provider may hide it.
local function get_run_id()
  return redis.call('INFO', 'server'):match('run_id:(%w+)') or ''
end

-- Whether the bot has compared the queue with its database since this server started. A restart, an older file, a
-- promoted replica and FLUSHALL each end that: jobs may wait here then that were called, paid for and delivered.
local is_confirmed
local function is_epoch_confirmed()
  if is_confirmed == nil then is_confirmed = redis.call('HGET', key('epoch'), 'run_id') == get_run_id() end
  return is_confirmed
end

local function get_job_fields(id, ...)
  return unpack(redis.call('HMGET', key('job', id), ...))
end

-- Whether a job in this state has an outcome.
local function has_ended(state)
  return state == 'finished' or state == 'delivered'
end

local function add_to_call_log(id, calls, unknown_calls, is_late)
  redis.call('XADD', key('call_log'), 'MAXLEN', '~', 10000, '*', 'job_id', id, 'calls', calls,
    'unknown_calls', unknown_calls, 'is_late', is_late)
end

-- Tell the bot how many calls a job has had, for its database.
local function log_calls(id)
  local calls, unknown_calls = get_job_fields(id, 'calls', 'unknown_calls')
  add_to_call_log(id, calls, unknown_calls, 0)
end

-- Tell the bot of a call whose job was lost or claimed anew meanwhile.
local function log_late_call(id)
  add_to_call_log(id, 1, 0, 1)
end

-- Add to a counter of a job. One that holds no number counts as 0.
local function increment(id, name, number)
  local count = redis.pcall('HINCRBY', key('job', id), name, number)
  if type(count) == 'number' then return count end
  count = math.max(0, tonumber(number))
  redis.call('HSET', key('job', id), name, count)
  return count
end

local function get_start_tag(stage, id)
  return to_number(redis.call('HGET', key('job', id), 'start_tag:' .. stage))
end

local function set_state(id, state)
  redis.call('HSET', key('job', id), 'state', state, 'state_since', get_server_time())
end

-- The fields of a job that decide its place in the queue. They are read once in a run of a script, as only create_job and
-- store_inner_tag change them.
local loaded_jobs = {}
local function load_job(id)
  local job = loaded_jobs[id]
  if not job then
    local model, tenant, priority, scopes, prepare_tag, generate_tag =
      get_job_fields(id, 'model', 'tenant', 'priority', 'scopes', 'inner_tag:prepare', 'inner_tag:generate')
    job = {model = model or '-', tenant = tenant or '', is_low = priority == 'low', scopes = {}}
    job.inner_tags = {prepare = prepare_tag, generate = generate_tag}
    for name, max_running in (scopes or ''):gmatch('(%S+) (%d+)') do
      job.scopes[#job.scopes + 1] = {name = name, max_running = tonumber(max_running)}
    end
    loaded_jobs[id] = job
  end
  return job
end

local function store_inner_tag(stage, id, tag)
  redis.call('HSET', key('job', id), 'inner_tag:' .. stage, tag)
  loaded_jobs[id] = nil
end

-- The model under which a job queues in a stage. Preparing is the same work for every model, so it has one: '-'.
local function get_queue_model(stage, id)
  return stage == 'prepare' and '-' or load_job(id).model
end

-- The scopes that a job counts towards, narrowest first, as {name = ..., max_running = ...}; 0 means no limit.
local function get_scopes(id)
  return load_job(id).scopes
end

-- Tags of jobs of low priority begin here, beyond all others: one job a second would reach them in 30 years.
local low_base = 1e9

-- A tag of the priority whose tags begin at `base`. One of the other priority counts as none: releases that do not know
-- of priorities take the start tag of a low job for everybody's virtual time.
local function read_tag(value, base)
  local tag = to_number(value, base)
  return tag >= base and tag < base + low_base and tag or base
end

local function get_virtual_time_key(stage, base)
  return base == 0 and key('virtual_time', stage) or key('virtual_time', stage, 'low')
end

-- The tenant that a job takes turns for, its inner tag, which orders the jobs of one tenant (nil: its start tag does), and
-- where the tags of its priority begin. Jobs of low priority take turns of their own.
local function get_turn(stage, id)
  local job = load_job(id)
  local inner_tag = job.inner_tags[stage] and to_number(job.inner_tags[stage])
  if job.is_low then return 'low-' .. job.tenant, inner_tag, low_base end
  return job.tenant, inner_tag, 0
end

-- The sorted sets in which a job is ranked until it is claimed: its model's, and one for each scope that has a limit on
-- running jobs. They hold ready, blocked and delayed jobs alike, and tell how many come before a job.
local function get_queued_keys(stage, id)
  local keys = {key('queued', stage, get_queue_model(stage, id))}
  for _, scope in ipairs(get_scopes(id)) do
    if scope.max_running > 0 then keys[#keys + 1] = key('queued', stage, scope.name) end
  end
  return keys
end

local function add_to_queued(stage, id)
  local start_tag, keys = get_start_tag(stage, id), get_queued_keys(stage, id)
  for _, name in ipairs(keys) do redis.call('ZADD', name, start_tag, id) end
  local tenant, inner_tag = get_turn(stage, id)
  if inner_tag then
    redis.call('ZADD', keys[1] .. ':' .. tenant, start_tag, id)
    redis.call('ZADD', key('turns', stage, get_queue_model(stage, id), tenant), inner_tag, id)
  end
end

local function remove_from_queued(stage, id)
  local keys = get_queued_keys(stage, id)
  for _, name in ipairs(keys) do redis.call('ZREM', name, id) end
  local tenant, inner_tag = get_turn(stage, id)
  if inner_tag then
    redis.call('ZREM', keys[1] .. ':' .. tenant, id)
    redis.call('ZREM', key('turns', stage, get_queue_model(stage, id), tenant), id)
  end
end

local function get_turns_key(kind, stage, name, tenant)
  if kind == 'ready' then return key('ready_turns', stage, name, tenant) end
  return key('blocked_turns', stage, name, tenant)
end

-- Add a job to the ready jobs of a model or to the blocked ones of a scope: in the order of start tags and, if it has an
-- inner tag, in that of its tenant.
local function add_to_waiting(kind, stage, name, id)
  redis.call('ZADD', key(kind, stage, name), get_start_tag(stage, id), id)
  local tenant, inner_tag = get_turn(stage, id)
  if inner_tag then redis.call('ZADD', get_turns_key(kind, stage, name, tenant), inner_tag, id) end
end

-- Remove a job from where add_to_waiting has put it, and return whether it was there.
local function remove_from_waiting(kind, stage, name, id)
  local tenant, inner_tag = get_turn(stage, id)
  if inner_tag then redis.call('ZREM', get_turns_key(kind, stage, name, tenant), id) end
  return redis.call('ZREM', key(kind, stage, name), id) == 1
end

-- The job that has the place in the queue which a job will take: the third of its tenant by inner tags takes the third of
-- its tenant's places.
local function find_place_holder(stage, model, id)
  local tenant, inner_tag = get_turn(stage, id)
  local turn = inner_tag and redis.call('ZRANK', key('turns', stage, model, tenant), id)
  return turn and redis.call('ZRANGE', key('queued', stage, model, tenant), turn, turn)[1] or id
end

-- Let a job be claimed, at the place that its start tag gives it.
local function make_ready(stage, id)
  local model = get_queue_model(stage, id)
  add_to_queued(stage, id)
  redis.call('SADD', key('ready_models', stage), model)
  add_to_waiting('ready', stage, model, id)
end

-- The job whose turn it is among a tenant's ready jobs of a model, or its blocked ones of a scope: the one with the
-- lowest inner tag. `first` is the one with the lowest start tag, or nil if it is there no more.
local function find_turn(kind, stage, name, first, tenant, first_inner_tag)
  local turns = get_turns_key(kind, stage, name, tenant)
  while true do
    local head = redis.call('ZRANGE', turns, 0, 0, 'WITHSCORES')
    if not head[1] or (first and first_inner_tag < tonumber(head[2])) then return first end
    if redis.call('ZSCORE', key(kind, stage, name), head[1]) then return head[1] end
    -- It was taken by a process of a release that does not know of inner tags.
    redis.call('ZREM', turns, head[1])
    local model = kind == 'ready' and name or get_queue_model(stage, head[1])
    if not redis.call('ZSCORE', key('queued', stage, model), head[1]) then
      redis.call('ZREM', key('turns', stage, model, tenant), head[1])
      redis.call('ZREM', key('queued', stage, model, tenant), head[1])
    end
  end
end

-- Order a waiting job by the tags that it has now, wherever it waits.
local function update_order(stage, id)
  local model = get_queue_model(stage, id)
  if redis.call('ZSCORE', key('queued', stage, model), id) then add_to_queued(stage, id) end
  if redis.call('ZSCORE', key('ready', stage, model), id) then add_to_waiting('ready', stage, model, id) end
  for _, scope in ipairs(get_scopes(id)) do
    if redis.call('ZSCORE', key('blocked', stage, scope.name), id) then
      add_to_waiting('blocked', stage, scope.name, id)
    end
  end
end

-- Give a job the start tag of `first`, which waits for the next turn of their tenant with the start tag of the job: the
-- places in the queue belong to the tenant, and other tenants do not notice who takes which.
local function exchange_start_tags(stage, first, id)
  local field = 'start_tag:' .. stage
  local first_tag, tag = get_start_tag(stage, first), get_start_tag(stage, id)
  redis.call('HSET', key('job', id), field, first_tag)
  redis.call('HSET', key('job', first), field, tag)
  if not load_job(first).inner_tags[stage] then store_inner_tag(stage, first, first_tag) end
  update_order(stage, first)
end

-- Take a slot in each scope that limits how many jobs run, and return true. At the first scope without a free slot the
-- job is blocked; it keeps the slots that it has. All jobs take slots in the same order, so no two wait for each other.
local function acquire_slots(stage, id)
  for _, scope in ipairs(get_scopes(id)) do
    local slots = key('slots', stage, scope.name)
    if scope.max_running > 0 and redis.call('SISMEMBER', slots, id) == 0 then
      if redis.call('SCARD', slots) >= scope.max_running then
        add_to_waiting('blocked', stage, scope.name, id)
        return false
      end
      redis.call('SADD', slots, id)
    end
  end
  return true
end

-- Give a free slot of a scope to a job that is blocked on it: the lowest start tag says which tenant's turn it is, and the
-- lowest inner tag which of its jobs'. That job becomes ready, or is blocked on a wider scope.
local function grant_next_slot(stage, scope_name)
  local first, first_tag = unpack(redis.call('ZRANGE', key('blocked', stage, scope_name), 0, 0, 'WITHSCORES'))
  if not first then return end
  local running = redis.call('SCARD', key('slots', stage, scope_name))
  for _, scope in ipairs(get_scopes(first)) do
    if scope.name == scope_name and running >= scope.max_running then return end
  end
  local tenant, inner_tag = get_turn(stage, first)
  local id = find_turn('blocked', stage, scope_name, first, tenant, inner_tag or tonumber(first_tag))
  remove_from_waiting('blocked', stage, scope_name, id)
  if redis.call('EXISTS', key('job', id)) == 0 then return grant_next_slot(stage, scope_name) end
  if id ~= first then exchange_start_tags(stage, first, id) end
  if acquire_slots(stage, id) then make_ready(stage, id) end
end

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

-- Store a new job, without a stage yet. `scopes` is 'name max_running name max_running ...'. Without a subtenant it is its
-- tenant's own, and its priority is normal unless it is 'low'.
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

-- Let the start tag of a job that is of the same tenant and priority as another one be its inner tag, too.
local function copy_start_tag(stage, id, other)
  local start_tag = redis.call('HGET', key('job', id), 'start_tag:' .. stage)
  local is_tagged = load_job(id).inner_tags[stage]
  if id ~= other and start_tag and not is_tagged and get_turn(stage, id) == get_turn(stage, other) then
    store_inner_tag(stage, id, start_tag)
    update_order(stage, id)
  end
end

-- Give a job its inner tag, which orders the jobs of its tenant by the same rule as tenants are: its subtenants have
-- finish tags, and the tenant has a virtual time of its own. While a tenant has no subtenant but itself, the order is
-- that of the start tags, and nothing is stored; with the first other one, those of the jobs before become inner tags.
local function set_inner_tag(stage, id, tenant, virtual_time, finish_tag)
  local tags, time_member = key('inner_tags', stage, tenant), 'virtual_time'
  local subtenant, own_name, cost = get_job_fields(id, 'subtenant', 'tenant', 'cost')
  local time = redis.call('ZSCORE', tags, time_member)
  if not (subtenant or time) then return end
  if not time then
    redis.call('ZADD', tags, virtual_time, time_member, finish_tag, own_name)
    for _, open in ipairs(redis.call('SMEMBERS', key('open', own_name))) do copy_start_tag(stage, open, id) end
  end
  time, subtenant = to_number(time, virtual_time), subtenant or own_name
  local inner_tag = math.max(time, to_number(redis.call('ZSCORE', tags, subtenant)))
  redis.call('ZREMRANGEBYSCORE', tags, '-inf', ('(%.17g'):format(time))
  redis.call('ZADD', tags, inner_tag + to_number(cost), subtenant)
  redis.call('PEXPIRE', tags, 7 * 86400000)
  store_inner_tag(stage, id, inner_tag)
end

-- Advance the virtual time within a tenant to the inner tag of a job that is claimed.
local function advance_inner_time(stage, tenant, inner_tag)
  local tags = key('inner_tags', stage, tenant)
  redis.call('ZADD', tags, 'GT', inner_tag, 'virtual_time')
  redis.call('PEXPIRE', tags, 7 * 86400000)
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
  redis.call('ZADD', key('finish_tags', stage), start_tag + to_number(get_job_fields(id, 'cost')), tenant)
  redis.call('HSET', key('job', id), 'start_tag:' .. stage, start_tag)
  set_inner_tag(stage, id, tenant, virtual_time, finish_tag)
  make_ready(stage, id)
end

-- Remove a job from a stage, wherever it is. Its lease ends, and its slots go to the jobs that are blocked on them.
local function leave_stage(stage, id)
  local model, claim_token = get_queue_model(stage, id), get_job_fields(id, 'claim_token')
  redis.call('ZREM', key('leases', stage), id)
  redis.call('ZREM', key('delayed', stage), id)
  remove_from_waiting('ready', stage, model, id)
  redis.call('SREM', key('claimed', stage, model), id)
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
  local own_name, subtenant, cost = get_job_fields(id, 'tenant', 'subtenant', 'cost')
  local tenant = get_turn('generate', id)
  leave_stage('generate', id)
  for tags, name in pairs({
    [key('finish_tags', 'generate')] = tenant,
    [key('inner_tags', 'generate', tenant)] = subtenant or own_name,
  }) do
    local finish_tag = redis.call('ZSCORE', tags, name)
    if finish_tag then redis.call('ZADD', tags, finish_tag - to_number(cost), name) end
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

-- Whether a model is paused: until it responds, one call at a time tries it.
local function is_model_paused(model)
  return redis.call('HEXISTS', key('pace', model), 'paused_until') == 1
end

-- The delay before a model may start its next call: 0 if it may start one now, -1 if it has to wait for an event (the
-- end of another call, the model being enabled again, or the epoch being confirmed), otherwise milliseconds.
local function get_call_delay(stage, model, now)
  if stage == 'prepare' then return 0 end
  if not is_epoch_confirmed() then return -1 end
  if redis.call('EXISTS', key('disabled_model', model)) == 1 then return -1 end
  local concurrency, next_call_at, paused_until =
    unpack(redis.call('HMGET', key('pace', model), 'concurrency', 'next_call_at', 'paused_until'))
  if paused_until then concurrency = 1 end -- until it responds, one call at a time tries it
  if redis.call('SCARD', key('claimed', stage, model)) >= to_number(concurrency, math.huge) then return -1 end
  return math.max(0, to_number(next_call_at) - now, to_number(paused_until) - now)
end

-- The number of jobs of a stage that could be claimed now.
local function count_claimable(stage, now)
  local count = 0
  for _, model in ipairs(redis.call('SMEMBERS', key('ready_models', stage))) do
    if get_call_delay(stage, model, now) == 0 then
      local ready = redis.call('ZCARD', key('ready', stage, model))
      count = count + (is_model_paused(model) and math.min(1, ready) or ready)
    end
  end
  return count
end

-- Store a picture under a key for ttl_ms, and return whether there is one. Its chunks are those in ARGV from `first` on
-- (a full Redis accepts them only as arguments of a script), otherwise those that this transaction has pushed to
-- `incoming_picture`.
local function store_picture(name, first, ttl_ms)
  if ARGV[first] then
    redis.call('DEL', name)
    redis.call('RPUSH', name, unpack(ARGV, first))
  elseif redis.call('EXISTS', key('incoming_picture')) == 1 then
    redis.call('RENAME', key('incoming_picture'), name)
  end
  return redis.call('PEXPIRE', name, ttl_ms) == 1
end

-- Tell whether Redis uses more than this ratio (0 to 1) of its maxmemory.
local function is_memory_short(max_memory_ratio)
  local memory = redis.call('INFO', 'memory')
  local used, maxmemory = tonumber(memory:match('used_memory:(%d+)')), tonumber(memory:match('maxmemory:(%d+)'))
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

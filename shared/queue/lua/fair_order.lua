-- fair_order.lua: the fair order of the jobs that wait. It is prepended to each script, behind lib.lua.
--
-- Tenants take turns by start tags and, inside a tenant, its subtenants by inner tags. A job that waits is in `queued`
-- and in `ready`, or in `blocked` if it needs a slot of a scope, all by start tag. If it has an inner tag, it is also
-- in `turns` and in `ready_turns` or `blocked_turns`, which hold the jobs of one tenant by inner tag.

-- The fields of a job that decide its place in the queue. They are read once in a run of a script, as only create_job
-- and store_inner_tag change them.
local loaded_jobs = {}
local function load_job(id)
  local job = loaded_jobs[id]
  if not job then
    local model, tenant, subtenant, cost, priority, scopes, prepare_tag, generate_tag = get_job_fields(id, 'model',
      'tenant', 'subtenant', 'cost', 'priority', 'scopes', 'inner_tag:prepare', 'inner_tag:generate')
    job = {model = model or '-', tenant = tenant or '', is_low = priority == 'low', scopes = {}}
    job.subtenant, job.cost = subtenant, to_number(cost)
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

-- The tenant that a job takes turns for, its inner tag, which orders the jobs of one tenant (nil: its start tag does),
-- and where the tags of its priority begin. Jobs of low priority take turns of their own.
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

-- Add a job to the ready jobs of a model or to the blocked ones of a scope: in the order of start tags and, if it has
-- an inner tag, in that of its tenant.
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

-- The job that has the place in the queue which a job will take: the third of its tenant by inner tags takes the third
-- of its tenant's places.
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

-- Give a free slot of a scope to a job that is blocked on it: the lowest start tag says which tenant's turn it is, and
-- the lowest inner tag which of its jobs'. That job becomes ready, or is blocked on a wider scope.
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
  local job, time = load_job(id), redis.call('ZSCORE', tags, time_member)
  if not (job.subtenant or time) then return end
  if not time then
    redis.call('ZADD', tags, virtual_time, time_member, finish_tag, job.tenant)
    for _, open in ipairs(redis.call('SMEMBERS', key('open', job.tenant))) do copy_start_tag(stage, open, id) end
  end
  time = to_number(time, virtual_time)
  local subtenant = job.subtenant or job.tenant
  local inner_tag = math.max(time, to_number(redis.call('ZSCORE', tags, subtenant)))
  redis.call('ZREMRANGEBYSCORE', tags, '-inf', ('(%.17g'):format(time))
  redis.call('ZADD', tags, inner_tag + job.cost, subtenant)
  redis.call('PEXPIRE', tags, 7 * 86400000)
  store_inner_tag(stage, id, inner_tag)
end

-- Advance the virtual time within a tenant to the inner tag of a job that is claimed.
local function advance_inner_time(stage, tenant, inner_tag)
  local tags = key('inner_tags', stage, tenant)
  redis.call('ZADD', tags, 'GT', inner_tag, 'virtual_time')
  redis.call('PEXPIRE', tags, 7 * 86400000)
end

-- sweep.lua: bring back jobs that nobody works on, and count the tickets that are missing. Every worker runs it every
-- second for each stage. It writes even if Redis is full.
--
-- KEYS[1]   prefix of every key
-- ARGV[1]   string  stage
-- ARGV[2]   number  most tickets that may wait for workers
-- ARGV[3]   number  how many leases may expire before a call until the job fails
-- ARGV[4]   string  outcome of a job whose workers died before its call that often, as JSON
-- ARGV[5]   string  outcome of a job whose call was lost a second time, as JSON
-- ARGV[6]   number  length of a lease, in milliseconds
-- ARGV[7]   number  milliseconds for which a dead letter, and the picture of a job that is no longer parked, is kept
-- ARGV[8]   string  AWS accounts in which the worker can make calls, with spaces between
-- ARGV[9]   number  tickets that wait in a broker of its own, -1 if they wait here
-- ARGV[10...]       three values for each model that this worker knows (generate stage only):
--           string  model
--           number  most calls at once in an account, over all workers
--           number  least milliseconds between the starts of two calls in an account
--
-- Reply: names and values
--   missing_tickets  number  tickets to send
--   requeued         number  jobs that can be claimed again
--   failed           number  jobs that ended as failed
--   is_held          number  1 if no call may start, as the bot has not confirmed the epoch yet, otherwise 0
local stage, max_tickets, max_crashes, crashed, lost, lease_ms, ttl_ms, accounts, broker_tickets =
  unpack(ARGV, 1, 9)
local now, batch_size, requeued, failed = get_time(), 100, 0, 0
allow_writes_when_full()

-- Take jobs out of those that count as claimed in an account although they are not: a process that knows no accounts
-- has ended their leases.
local function release_claims(account, model)
  local claimed = get_account_key(account, 'claimed', stage, model)
  for _, id in ipairs(redis.call('SMEMBERS', claimed)) do
    if not get_job_fields(id, 'claim_token') then redis.call('SREM', claimed, id) end
  end
end

-- Set the pace of a model in an account. It is written only if it is another one, as what is written is kept in the
-- append-only file.
local function set_pace(pace, concurrency, min_interval_ms)
  local stored = redis.call('HMGET', pace, 'concurrency', 'min_interval_ms', 'interval_ms')
  if stored[1] ~= concurrency or stored[2] ~= min_interval_ms then
    redis.call('HSET', pace, 'concurrency', concurrency, 'min_interval_ms', min_interval_ms)
  end
  if not stored[3] then redis.call('HSET', pace, 'interval_ms', min_interval_ms) end
end

for account in accounts:gmatch('%S+') do
  redis.call('ZADD', key('accounts'), now, account)
  for i = 10, #ARGV, 3 do
    set_pace(get_account_key(account, 'pace', ARGV[i]), ARGV[i + 1], ARGV[i + 2])
    if account ~= default_account then release_claims(account, ARGV[i]) end
  end
end
redis.call('ZREMRANGEBYSCORE', key('accounts'), '-inf', now - 3600000)

-- If no sweep came for most of a lease, Redis was out of every worker's reach (stopped or suspended), or its clock was
-- set forward. Every worker then has the length of a lease to renew the leases that it still needs. The same goes if
-- the clock was set back, for the sake of leases that were renewed since; the queue's own clock then continues.
local last_at, grace_until = unpack(redis.call('HMGET', key('sweep'), 'last_at', 'grace_until'))
local gap = now - to_number(last_at, now)
if gap < 0 then
  redis.call('SET', key('clock_offset'), to_number(redis.call('GET', key('clock_offset'))) - gap)
  now = now - gap
end
if math.abs(gap) > tonumber(lease_ms) * 2 / 3 then
  grace_until = now + tonumber(lease_ms)
  redis.call('HSET', key('sweep'), 'grace_until', grace_until)
end
redis.call('HSET', key('sweep'), 'last_at', now)

local expired = {}
if now >= to_number(grace_until) then
  expired = redis.call('ZRANGEBYSCORE', key('leases', stage), '-inf', now, 'LIMIT', 0, batch_size)
end
for _, id in ipairs(expired) do
  local call_started, unknown_calls = get_job_fields(id, 'call_started', 'unknown_calls')
  local outcome
  if not unknown_calls then
    redis.call('ZREM', key('leases', stage), id)
  elseif call_started == '1' and to_number(unknown_calls) >= 1 then
    outcome = lost
  elseif call_started ~= '1' and increment(id, 'crashes', 1) >= tonumber(max_crashes) then
    outcome = crashed
  else
    if call_started == '1' then count_unknown_call(id) end
    requeue(stage, id)
    requeued = requeued + 1
  end
  if outcome then
    copy_to_dead_letters(stage, id, outcome, ttl_ms)
    end_job(stage, id, outcome)
    failed = failed + 1
  end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('delayed', stage), '-inf', now, 'LIMIT', 0, batch_size)) do
  redis.call('ZREM', key('delayed', stage), id)
  make_ready(stage, id)
  requeued = requeued + 1
end

-- Whoever resumed a guild unparks its jobs; this goes on if they were killed meanwhile.
for _, guild in ipairs(stage == 'generate' and redis.call('SMEMBERS', key('parked_guilds')) or {}) do
  requeued = requeued + unpark_jobs(guild, batch_size, ttl_ms)
end

-- Jobs that are queued for a model which was disabled meanwhile fail with the problem that it was disabled for.
local models, names = {}, {}
for i = 10, #ARGV, 3 do
  models[#models + 1], names[#names + 1] = ARGV[i], key('disabled_model', ARGV[i])
end
local problems = #names > 0 and redis.call('MGET', unpack(names)) or {}
for i, model in ipairs(models) do
  local problem = problems[i]
  local queued = problem and redis.call('ZRANGE', key('queued', stage, model), 0, batch_size - 1) or {}
  for _, id in ipairs(queued) do
    end_job(stage, id, '{"kind":"failed","problem":' .. problem .. '}')
    failed = failed + 1
  end
end

-- A tenant whose finish tag is in the past starts at the virtual time anyway.
for _, base in ipairs({0, low_base}) do
  local virtual_time = read_tag(redis.call('GET', get_virtual_time_key(stage, base)), base)
  redis.call('ZREMRANGEBYSCORE', key('finish_tags', stage), base == 0 and '-inf' or base, ('(%.17g'):format(virtual_time))
end
-- Tickets that were sent here before there was a broker of its own are taken by nobody.
local tickets = tonumber(broker_tickets)
if tickets < 0 then tickets = redis.call('LLEN', key('celery', stage)) else redis.call('DEL', key('celery', stage)) end
local missing_tickets = math.max(0, math.min(tonumber(max_tickets), count_claimable(stage, now)) - tickets)
return {'missing_tickets', missing_tickets, 'requeued', requeued, 'failed', failed, 'is_held',
  is_epoch_confirmed() and 0 or 1}

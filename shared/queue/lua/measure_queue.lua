-- measure_queue.lua: measure the whole queue for the operator's metrics, in a few milliseconds however many jobs wait.
--
-- KEYS[1]    prefix of every key
-- ARGV[1...] string  models
--
-- Reply: names and values
--   queues            list    for the prepare stage (under '-'), then each model: a list of its name, the waiting jobs of
--                             normal and of low priority, and the running ones
--   models            list    for each model: a list of its name, 1 | 0 whether it is paused, 1 | 0 whether it is disabled,
--                             the milliseconds between the starts of two calls now, and without throttling, all of them
--                             over all AWS accounts
--   accounts          list    for each AWS account in which workers make calls, and each model: a list of the account, the
--                             model, and 1 | 0 whether it is paused and whether it is disabled there
--   open              number  jobs whose outcome is not delivered yet
--   parked            number  jobs of paused guilds
--   undelivered       number  outcomes in the stream
--   undelivered_ms    number  milliseconds since the oldest of them was added, 0 if there is none
--   oldest_normal_ms  number  milliseconds since the oldest waiting job of normal priority was accepted, 0 if none waits
--   oldest_low_ms     number  the same for low priority
--   tickets           number  Celery's tickets of both stages, those in a broker of its own excepted
--   dead_letters      number  those that have not expired, of the latest 200
--   swept_ms_ago      number or null  how long ago a worker last swept; null if none ever did
--   is_held           number  1 | 0: no call may start, as the bot has not confirmed the epoch
--   used_memory       number  bytes that Redis uses
--   max_memory        number  its maxmemory in bytes, 0 if there is no limit
--   is_saved          number  1 | 0: the latest attempts to save and to write the append-only file succeeded
local now, max_scanned, max_letters = get_time(), 500, 200
local queues, models, accounts, waiting = {}, {}, {}, {normal = 0, low = 0}

local function measure_stage(stage, model, running)
  local queued = key('queued', stage, model)
  local low = redis.call('ZCOUNT', queued, low_base, '+inf')
  local normal = redis.call('ZCARD', queued) - low
  waiting.normal, waiting.low = waiting.normal + normal, waiting.low + low
  queues[#queues + 1] = {model, normal, low, running}
end

measure_stage('prepare', '-', redis.call('SCARD', key('claimed', 'prepare', '-')))
for _, model in ipairs(ARGV) do
  local pace = get_pace(model, now)
  measure_stage('generate', model, pace.running)
  models[#models + 1] = {model, pace.is_paused and 1 or 0, redis.call('EXISTS', key('disabled_model', model)),
    math.floor(pace.interval_ms), math.floor(pace.min_interval_ms)}
end

for _, account in ipairs(list_accounts(now)) do
  for _, model in ipairs(ARGV) do
    accounts[#accounts + 1] = {account, model, is_model_paused(model, account) and 1 or 0,
      is_model_disabled(model, account) and 1 or 0}
  end
end

-- The queues are ordered by turns, open jobs by their age. Jobs that run, are parked or have ended are passed over, up to
-- a limit; the next job counts as the oldest one then, though it may not wait.
local function find_oldest()
  local ages, rows = {normal = 0, low = 0}, redis.call('ZRANGE', key('open_jobs'), 0, max_scanned, 'WITHSCORES')
  for i = 1, #rows, 2 do
    local id, age = rows[i], math.max(0, now - tonumber(rows[i + 1]))
    local stage, priority, token = get_job_fields(id, 'stage', 'priority', 'claim_token')
    local class = priority == 'low' and 'low' or 'normal'
    if waiting[class] > 0 and ages[class] == 0 then
      local is_waiting = stage and not token
        and redis.call('ZSCORE', key('queued', stage, get_queue_model(stage, id)), id)
      if is_waiting or i > 2 * max_scanned then ages[class] = age end
    end
    if (ages.normal > 0 or waiting.normal == 0) and (ages.low > 0 or waiting.low == 0) then break end
  end
  return ages
end

local ages = waiting.normal + waiting.low > 0 and find_oldest() or {normal = 0, low = 0}

local parked = 0
for _, guild in ipairs(redis.call('SMEMBERS', key('parked_guilds'))) do
  parked = parked + redis.call('ZCARD', key('parked', guild))
end

local dead_letters = 0
for _, id in ipairs(redis.call('ZRANGE', key('dead_letters'), -max_letters, -1)) do
  dead_letters = dead_letters + redis.call('EXISTS', key('dead_letter', id))
end

local undelivered, undelivered_ms = redis.call('XLEN', key('outcomes')), 0
if undelivered > 0 then
  local first = redis.call('XRANGE', key('outcomes'), '-', '+', 'COUNT', 1)[1]
  undelivered_ms = math.max(0, get_server_time() - tonumber(first[1]:match('%d+')))
end

local used_memory, max_memory = get_memory()
local persistence = redis.call('INFO', 'persistence')
return {
  'queues', queues,
  'models', models,
  'accounts', accounts,
  'open', redis.call('ZCARD', key('open_jobs')),
  'parked', parked,
  'undelivered', undelivered,
  'undelivered_ms', undelivered_ms,
  'oldest_normal_ms', ages.normal,
  'oldest_low_ms', ages.low,
  'tickets', redis.call('LLEN', key('celery', 'prepare')) + redis.call('LLEN', key('celery', 'generate')),
  'dead_letters', dead_letters,
  'swept_ms_ago', get_sweep_age(now),
  'is_held', is_epoch_confirmed() and 0 or 1,
  'used_memory', used_memory or 0,
  'max_memory', max_memory or 0,
  'is_saved', (persistence:find('bgsave_status:err', 1, true) or persistence:find('write_status:err', 1, true)) and 0 or 1,
}

-- lib.lua: keys, times and counters. It is prepended to each script, before fair_order.lua, stages.lua and accounts.lua.
--
-- KEYS[1] is the prefix of every key. The scripts build all keys from it (shared/queue/schema.py lists them): with a
-- hash tag in the prefix, all lie in one slot of a cluster (docs/decisions/0015-the-prefix-declares-the-keys.md). Times
-- are in milliseconds. A stage is 'prepare' or 'generate'. A scope is a group of jobs that limits apply to: 'user-<id>',
-- 'batch-<id>', 'channel-<id>' or 'guild-<id>'.

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

-- Redis's run id, a new one each time that a server starts. A provider may hide it. It is read once in a run of a
-- script.
local run_id
local function get_run_id()
  run_id = run_id or redis.call('INFO', 'server'):match('run_id:(%w+)') or ''
  return run_id
end

-- Whether the bot has compared the queue with its database since this server started. A restart, an older file, a
-- promoted replica and FLUSHALL each end that: jobs may wait here then that were called, paid for and delivered.
local is_confirmed
local function is_epoch_confirmed()
  if is_confirmed == nil then is_confirmed = redis.call('HGET', key('epoch'), 'run_id') == get_run_id() end
  return is_confirmed
end

-- How many milliseconds ago a worker last swept; false if none ever did.
local function get_sweep_age(now)
  local last_sweep = redis.call('HGET', key('sweep'), 'last_at')
  return last_sweep and math.max(0, now - to_number(last_sweep))
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

-- The account of the workers' own credentials. What is stored for it has the names of the releases that knew no other.
local default_account = 'default'

-- The key of something that each AWS account has for itself.
local function get_account_key(account, ...)
  local name = key(...)
  return account == default_account and name or name .. ':' .. account
end

-- The AWS account of a job's latest claim.
local function get_account(id)
  return get_job_fields(id, 'account') or default_account
end

-- Add to a counter of a job. One that holds no number counts as 0.
local function increment(id, name, number)
  local count = redis.pcall('HINCRBY', key('job', id), name, number)
  if type(count) == 'number' then return count end
  count = math.max(0, tonumber(number))
  redis.call('HSET', key('job', id), name, count)
  return count
end

-- Count a call of unknown fate, in the account in which it was made, and tell the bot.
local function count_unknown_call(id)
  increment(id, 'unknown_calls', 1)
  local accounts = get_job_fields(id, 'unknown_accounts')
  redis.call('HSET', key('job', id), 'unknown_accounts', (accounts and accounts .. ' ' or '') .. get_account(id))
  log_calls(id)
end

local function get_start_tag(stage, id)
  return to_number(redis.call('HGET', key('job', id), 'start_tag:' .. stage))
end

local function set_state(id, state)
  redis.call('HSET', key('job', id), 'state', state, 'state_since', get_server_time())
end

-- status.lua: read the status of jobs, and estimate how long those in the queue have to wait.
--
-- KEYS[1]    prefix of every key
-- ARGV[1...] string  job ids
--
-- Reply: a list for each job that Redis knows, of names and values
--   job_id         string
--   job            string          the job, as JSON
--   state          string          'preparing' | 'queued' | 'running' | 'finished' | 'delivered'
--   state_since    number          Unix time of the latest change of state, in milliseconds of Redis's clock
--   thread_id      string or null  thread that was opened for the job
--   outcome        string or null  outcome, as JSON
--   message_id     string or null  message with the outcome, '' if there was nowhere to post it
--   claims         number          leases so far
--   calls          number          leases in which a call was started
--   unknown_calls  number          calls of unknown fate
--   account        string or null  AWS account of its latest claim
--   unknown_accounts  string or null  those of its calls of unknown fate, with spaces between
--   position       number          position in the queue of its model, from 1; 0 unless it is queued and not parked
--   mean_call_ms   number          mean duration of the model's latest calls, 0 if there were none
--   calls_ahead    number          how many calls have to be waited for, one after the other; 0 unless it is queued
--   starts_in_ms   number          queued: milliseconds until its call may start at the earliest; running: negative,
--                                  how long ago it was claimed; otherwise 0
--   is_guild_paused  number        1 | 0: it waits until the queue of its guild is resumed
--   is_model_paused  number        1 | 0: its model gets one call at a time, because calls failed or got no response
--   is_model_slowed  number        1 | 0: it is queued, and throttling has lengthened the interval between its model's
--                                  calls; both are of models that are so in every account
--   limiting_scope  string         the narrowest scope of which it needs a slot while as many jobs run as may; '' if none
--   traceparent    string          the span that accepted it, '' for none
--   swept_ms_ago   number or null  how long ago a worker last swept; null if none ever did
--
-- A queued job waits for the longest of these. Each follows from its rank in a sorted set, at a cost that hardly grows
-- with the number of jobs:
--   its model: the running jobs and those before it are called in rounds of as many as may run at once, where the
--     running ones count as if they had just started; and the pace sets an interval between the starts of two calls.
--     Both are of all accounts together
--   each scope that limits running jobs (user or batch, channel, guild) and in which it has no slot yet: the same rounds
--   the delay with which it was released
-- Rounds are counted in calls, because only the caller's catalogue knows how long a call takes that was never made.
local statuses, now, mean_durations = {}, get_time(), {}
local swept_ms_ago = get_sweep_age(now)

local function get_mean_duration(model)
  if not mean_durations[model] then
    local durations, sum = redis.call('LRANGE', key('call_durations', model), 0, -1), 0
    for _, duration in ipairs(durations) do sum = sum + to_number(duration) end
    mean_durations[model] = #durations > 0 and math.floor(sum / #durations) or 0
  end
  return mean_durations[model]
end

-- The position of a job in a sorted set, from 1, how many rounds of `limit` calls come before it, and whether as many
-- run as may.
local function get_rank(id, queued, running, limit)
  local before = redis.call('ZRANK', queued, id) or 0
  return before + 1, math.floor((before + running) / limit), running >= limit
end

local function estimate_wait(id, stage, model)
  local pace, limiting_scope = get_pace(model, now), nil
  local position, calls_ahead = get_rank(find_place_holder(stage, model, id), key('queued', stage, model),
    pace.running, math.max(1, pace.concurrency))
  for _, scope in ipairs(get_scopes(id)) do
    local slots = key('slots', stage, scope.name)
    if scope.max_running > 0 and redis.call('SISMEMBER', slots, id) == 0 then
      local running = redis.call('SCARD', slots)
      local _, rounds, is_full = get_rank(id, key('queued', stage, scope.name), running, scope.max_running)
      calls_ahead = math.max(calls_ahead, rounds)
      if is_full then limiting_scope = limiting_scope or scope.name end
    end
  end
  local paced_ms = math.max(0, pace.next_at - now) + (position - 1) * pace.interval_ms
  local delayed_until = to_number(redis.call('ZSCORE', key('delayed', stage), id), now)
  local starts_in_ms = math.floor(math.max(paced_ms, delayed_until - now))
  return position, calls_ahead, starts_in_ms, limiting_scope, pace.is_slowed
end

for _, id in ipairs(ARGV) do
  local job, state, state_since, thread_id, outcome, message_id, claims, calls, unknown_calls, account,
    unknown_accounts, stage, model, traceparent = get_job_fields(id, 'job', 'state', 'state_since', 'thread_id',
      'outcome', 'message_id', 'claims', 'calls', 'unknown_calls', 'account', 'unknown_accounts', 'stage', 'model',
      'traceparent')
  if job then
    local position, calls_ahead, starts_in_ms, limiting_scope, is_slowed = 0, 0, 0, nil, false
    local is_parked = (state == 'preparing' or state == 'queued') and is_guild_paused(id)
    if state == 'queued' and not is_parked then
      position, calls_ahead, starts_in_ms, limiting_scope, is_slowed = estimate_wait(id, stage, model)
    end
    if state == 'running' then starts_in_ms = to_number(state_since) - get_server_time() end
    statuses[#statuses + 1] = {
      'job_id', id,
      'job', job,
      'state', state,
      'state_since', state_since,
      'thread_id', thread_id,
      'outcome', outcome,
      'message_id', message_id,
      'claims', claims,
      'calls', calls,
      'unknown_calls', unknown_calls,
      'account', account,
      'unknown_accounts', unknown_accounts,
      'position', position,
      'mean_call_ms', get_mean_duration(model),
      'calls_ahead', calls_ahead,
      'starts_in_ms', starts_in_ms,
      'is_guild_paused', is_parked and 1 or 0,
      'is_model_paused', get_pace(model, now).is_paused and 1 or 0,
      'is_model_slowed', is_slowed and 1 or 0,
      'limiting_scope', limiting_scope or '',
      'traceparent', traceparent or '',
      'swept_ms_ago', swept_ms_ago,
    }
  end
end
return statuses

-- accounts.lua: how fast models are called, in each AWS account and in all of them. It is prepended to each script,
-- behind stages.lua.

-- The AWS accounts in which workers have said that they can make calls, within the last 10 s. They are read once in a
-- run of a script.
local live_accounts
local function list_accounts(now)
  if not live_accounts then
    live_accounts = redis.call('ZRANGEBYSCORE', key('accounts'), now - 10000, '+inf')
    if not live_accounts[1] then live_accounts = {default_account} end
  end
  return live_accounts
end

-- Whether a model is paused in an account: until it responds, one call at a time tries it.
local function is_model_paused(model, account)
  return redis.call('HEXISTS', get_account_key(account, 'pace', model), 'paused_until') == 1
end

-- Whether a model may not be called in an account.
local function is_model_disabled(model, account)
  return redis.call('EXISTS', key('disabled_model', model), key('disabled_model', model, account)) > 0
end

-- The delay before a model may start its next call in an account: 0 if it may start one now, -1 if it has to wait for
-- an event (the end of another call, the model being enabled again, or the epoch being confirmed), otherwise
-- milliseconds. Then, unless it is -1, how many of its calls run in the account.
local function get_call_delay(stage, model, account, now)
  if stage == 'prepare' then return 0, 0 end
  if not is_epoch_confirmed() then return -1 end
  if is_model_disabled(model, account) then return -1 end
  local concurrency, next_call_at, paused_until = unpack(redis.call('HMGET', get_account_key(account, 'pace', model),
    'concurrency', 'next_call_at', 'paused_until'))
  if paused_until then concurrency = 1 end -- until it responds, one call at a time tries it
  local running = redis.call('SCARD', get_account_key(account, 'claimed', stage, model))
  if running >= to_number(concurrency, math.huge) then return -1 end
  return math.max(0, to_number(next_call_at) - now, to_number(paused_until) - now), running
end

-- Of these accounts the one in which a model may start a call now, and if there are several, the one in which the
-- fewest of its calls run; nil if there is none.
local function find_account(stage, model, accounts, now)
  local found, fewest
  for _, account in ipairs(accounts) do
    local delay, running = get_call_delay(stage, model, account, now)
    if delay == 0 and (not found or running < fewest) then found, fewest = account, running end
  end
  return found
end

-- How many calls of a model may be tried now, in all of these accounts.
local function count_possible_calls(stage, model, accounts, now)
  local count = 0
  for _, account in ipairs(accounts) do
    if get_call_delay(stage, model, account, now) == 0 then
      count = count + (is_model_paused(model, account) and 1 or math.huge)
    end
  end
  return count
end

-- The number of jobs of a stage that could be claimed now.
local function count_claimable(stage, now)
  local count, accounts = 0, list_accounts(now)
  for _, model in ipairs(redis.call('SMEMBERS', key('ready_models', stage))) do
    local calls = count_possible_calls(stage, model, accounts, now)
    if calls > 0 then count = count + math.min(calls, redis.call('ZCARD', key('ready', stage, model))) end
  end
  return count
end

-- The pace of a model over all accounts in which it is not disabled: most calls at once, calls that run, milliseconds
-- between the starts of two calls now and without throttling, the time of the next one, and whether it is slowed or
-- paused everywhere.
local paces = {}
local function get_pace(model, now)
  if paces[model] then return paces[model] end
  local pace = {concurrency = 0, running = 0, per_ms = 0, min_per_ms = 0, is_slowed = true, is_paused = true}
  local accounts = list_accounts(now)
  for _, account in ipairs(accounts) do
    if #accounts == 1 or redis.call('EXISTS', key('disabled_model', model, account)) == 0 then
      local concurrency, interval_ms, next_call_at, paused_until, min_interval_ms =
        unpack(redis.call('HMGET', get_account_key(account, 'pace', model), 'concurrency', 'interval_ms',
          'next_call_at', 'paused_until', 'min_interval_ms'))
      local next_at = math.max(to_number(next_call_at), to_number(paused_until))
      pace.concurrency = pace.concurrency + to_number(concurrency, 1)
      pace.running = pace.running + redis.call('SCARD', get_account_key(account, 'claimed', 'generate', model))
      pace.per_ms = pace.per_ms + 1 / to_number(interval_ms) -- infinite without an interval
      pace.min_per_ms = pace.min_per_ms + 1 / to_number(min_interval_ms)
      pace.next_at = math.min(pace.next_at or next_at, next_at)
      pace.is_slowed = pace.is_slowed and to_number(interval_ms) > to_number(min_interval_ms)
      pace.is_paused = pace.is_paused and paused_until ~= false
    end
  end
  local is_known = pace.next_at ~= nil
  pace.interval_ms = is_known and 1 / pace.per_ms or 0
  pace.min_interval_ms = is_known and 1 / pace.min_per_ms or 0
  pace.next_at, pace.is_slowed = pace.next_at or 0, is_known and pace.is_slowed
  pace.is_paused = is_known and pace.is_paused
  paces[model] = pace
  return pace
end

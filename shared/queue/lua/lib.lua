-- Words that the scripts share. KEYS[1] is the prefix of all keys; all times are in milliseconds.

local function key(...)
  return KEYS[1] .. table.concat({...}, ':')
end

-- Redis's clock, for people to read.
local function wall()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The ledger's clock: Redis's, ahead by what that was ever set back, so that nothing lasts an hour longer when it is.
local function now()
  return wall() + tonumber(redis.call('GET', key('ahead')) or 0)
end

-- Let all that follows write, though Redis is full: maxmemory stops no script after its first write, and this is one.
local function write_though_full()
  redis.call('DEL', key('nothing'))
end

local function job_get(id, ...)
  return unpack(redis.call('HMGET', key('job', id), ...))
end

local function set_state(id, state)
  redis.call('HSET', key('job', id), 'state', state, 'since', wall())
end

-- The model under which a job waits in a lane: preparing is the same work for every model.
local function row(lane, id)
  return lane == 'prepare' and '-' or redis.call('HGET', key('job', id), 'model')
end

-- The scopes a job counts in (user, channel, guild), narrowest first: a row of {name, most running} each.
local function scopes_of(id)
  local found = {}
  for name, most in (job_get(id, 'scopes') or ''):gmatch('(%S+) (%d+)') do
    found[#found + 1] = {name, tonumber(most)}
  end
  return found
end

-- The lines in which a job stands until it is claimed, to count who comes before it: its model's, and one for each scope
-- that limits how many run.
local function lines_of(lane, id)
  local found = {key('line', lane, row(lane, id))}
  for _, scope in ipairs(scopes_of(id)) do
    if scope[2] > 0 then found[#found + 1] = key('line', lane, scope[1]) end
  end
  return found
end

local function line_up(lane, id)
  for _, line in ipairs(lines_of(lane, id)) do redis.call('ZADD', line, job_get(id, 'start:' .. lane), id) end
end

local function leave_lines(lane, id)
  for _, line in ipairs(lines_of(lane, id)) do redis.call('ZREM', line, id) end
end

-- Let a job be claimed at its virtual start.
local function wait(lane, id)
  line_up(lane, id)
  redis.call('SADD', key('rows', lane), row(lane, id))
  redis.call('ZADD', key('waiting', lane, row(lane, id)), job_get(id, 'start:' .. lane), id)
end

-- Take a turn in each scope that limits how many run. At the first that is full the job is parked and false answered;
-- it keeps the turns it has until then. All jobs take theirs in the same order, so none waits in a circle.
local function take_turns(lane, id)
  for _, scope in ipairs(scopes_of(id)) do
    local name, most = unpack(scope)
    local running = key('running', lane, name)
    if most > 0 and redis.call('SISMEMBER', running, id) == 0 then
      if redis.call('SCARD', running) >= most then
        redis.call('ZADD', key('parked', lane, name), job_get(id, 'start:' .. lane), id)
        return false
      end
      redis.call('SADD', running, id)
    end
  end
  return true
end

-- Give a turn that became free to the job of the earliest start that is parked for it: it waits, or is parked further on.
local function pass_on(lane, name)
  local id = redis.call('ZRANGE', key('parked', lane, name), 0, 0)[1]
  if not id then return end
  for _, scope in ipairs(scopes_of(id)) do
    if scope[1] == name and redis.call('SCARD', key('running', lane, name)) >= scope[2] then return end
  end
  redis.call('ZREM', key('parked', lane, name), id)
  if redis.call('EXISTS', key('job', id)) == 0 then return pass_on(lane, name) end
  if take_turns(lane, id) then wait(lane, id) end
end

-- Give a job its place in a lane for the first time.
local function enter(lane, id)
  local flow, cost = job_get(id, 'flow', 'cost')
  local clock = tonumber(redis.call('GET', key('clock', lane)) or 0)
  local start = math.max(clock, tonumber(redis.call('ZSCORE', key('finish', lane), flow) or 0))
  redis.call('ZADD', key('finish', lane), start + tonumber(cost), flow)
  redis.call('HSET', key('job', id), 'start:' .. lane, start, 'lane', lane)
  wait(lane, id)
end

-- Take a job out of a lane, wherever it is; its lease ends, and its turns go to those who are parked for them.
local function leave(lane, id)
  redis.call('ZREM', key('leases', lane), id)
  redis.call('ZREM', key('delayed', lane), id)
  redis.call('ZREM', key('waiting', lane, row(lane, id)), id)
  redis.call('SREM', key('busy', lane, row(lane, id)), id)
  leave_lines(lane, id)
  local token = job_get(id, 'token')
  if token then
    redis.call('HDEL', key('tokens', lane), token)
    redis.call('HDEL', key('job', id), 'token')
  end
  for _, scope in ipairs(scopes_of(id)) do
    redis.call('ZREM', key('parked', lane, scope[1]), id)
    if redis.call('SREM', key('running', lane, scope[1]), id) == 1 then pass_on(lane, scope[1]) end
  end
end

-- May a model start one more call now? 0 yes; more: in so many milliseconds; -1: not before something ends.
local function pace(lane, model, at)
  if lane == 'prepare' then return 0 end
  if redis.call('EXISTS', key('off', model)) == 1 then return -1 end
  local limit, due = unpack(redis.call('HMGET', key('pace', model), 'concurrency', 'due'))
  if limit and redis.call('SCARD', key('busy', lane, model)) >= tonumber(limit) then return -1 end
  return math.max(0, tonumber(due or 0) - at)
end

-- How many jobs of a lane could be claimed now.
local function claimable(lane, at)
  local count = 0
  for _, model in ipairs(redis.call('SMEMBERS', key('rows', lane))) do
    if pace(lane, model, at) == 0 then count = count + redis.call('ZCARD', key('waiting', lane, model)) end
  end
  return count
end

-- Keep a picture for so many ms, and tell whether there is one: what this transaction brought, or the pieces that ARGV
-- has from `first` on, as a full Redis takes them in a script alone.
local function keep_picture(name, first, keep)
  if ARGV[first] then
    redis.call('DEL', name)
    redis.call('RPUSH', name, unpack(ARGV, first))
  elseif redis.call('EXISTS', key('arriving')) == 1 then
    redis.call('RENAME', key('arriving'), name)
  end
  return redis.call('PEXPIRE', name, keep) == 1
end

-- End a job: its outcome goes to the stream, and its upload goes away. What its model got stays until that is told.
local function close(lane, id, outcome)
  leave(lane, id)
  redis.call('DEL', key('source', id))
  redis.call('HSET', key('job', id), 'outcome', outcome)
  set_state(id, 'finished')
  redis.call('XADD', key('outcomes'), '*', 'job', id)
end

-- Keep a job that was given up, with its picture, for the operator.
local function set_aside(lane, id, outcome, keep)
  local at, dead = wall(), key('dead', id)
  local job, model, flow, cost, scopes, claims, calls, thread =
    job_get(id, 'job', 'model', 'flow', 'cost', 'scopes', 'attempts', 'calls', 'thread')
  redis.call('HSET', dead, 'job', job, 'model', model, 'flow', flow, 'cost', cost, 'scopes', scopes, 'claims', claims,
    'calls', calls, 'thread', thread or '', 'lane', lane, 'outcome', outcome, 'at', at)
  redis.call('PEXPIRE', dead, keep)
  local picture = lane == 'prepare' and key('source', id) or key('prepared', id)
  if redis.call('EXISTS', picture) == 1 then
    redis.call('RENAME', picture, key('dead', id, 'picture'))
    redis.call('PEXPIRE', key('dead', id, 'picture'), keep)
  end
  redis.call('ZADD', key('dead'), at, id)
end

-- Is this lease still held?
local function held(id, token)
  return redis.call('HGET', key('job', id), 'token') == token
end

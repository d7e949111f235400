-- Words that the scripts share. KEYS[1] is the prefix of all keys; every time is Redis's own, in milliseconds.

local function key(...)
  return KEYS[1] .. table.concat({...}, ':')
end

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Let all that follows write, though Redis is full: maxmemory stops no script after its first write, and this is one.
local function write_though_full()
  redis.call('DEL', key('nothing'))
end

local function job_get(id, ...)
  return unpack(redis.call('HMGET', key('job', id), ...))
end

local function set_state(id, state)
  redis.call('HSET', key('job', id), 'state', state, 'since', now())
end

-- The model under which a job waits in a lane: preparing is the same work for every model.
local function row(lane, id)
  return lane == 'prepare' and '-' or redis.call('HGET', key('job', id), 'model')
end

-- Let a job wait in a lane at its virtual start, or beside it when its flow runs as many as it may.
local function wait(lane, id)
  local flow, limit, start = job_get(id, 'flow', 'limit', 'start:' .. lane)
  if redis.call('SCARD', key('running', lane, flow)) >= tonumber(limit) then
    redis.call('ZADD', key('parked', lane, flow), start, id)
  else
    redis.call('SADD', key('rows', lane), row(lane, id))
    redis.call('ZADD', key('waiting', lane, row(lane, id)), start, id)
  end
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

-- Take a job out of a lane, wherever it is; a parked job of its flow takes the freed turn.
local function leave(lane, id)
  local flow = job_get(id, 'flow')
  redis.call('ZREM', key('leases', lane), id)
  redis.call('ZREM', key('delayed', lane), id)
  redis.call('ZREM', key('waiting', lane, row(lane, id)), id)
  redis.call('ZREM', key('parked', lane, flow), id)
  redis.call('SREM', key('busy', lane, row(lane, id)), id)
  if redis.call('SREM', key('running', lane, flow), id) == 1 then
    local next_up = redis.call('ZPOPMIN', key('parked', lane, flow))
    if next_up[1] then wait(lane, next_up[1]) end
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

-- End a job: its outcome goes to the stream, and its upload goes away. What its model got stays until that is told.
local function close(lane, id, outcome)
  leave(lane, id)
  redis.call('DEL', key('source', id))
  redis.call('HSET', key('job', id), 'outcome', outcome)
  redis.call('HDEL', key('job', id), 'token')
  set_state(id, 'finished')
  redis.call('XADD', key('outcomes'), 'MAXLEN', '~', 100000, '*', 'job', id)
end

-- Keep a job that was given up, with its picture, for the operator.
local function set_aside(lane, id, outcome, keep)
  local at, dead = now(), key('dead', id)
  local job, model, flow, cost, limit, claims, calls, thread =
    job_get(id, 'job', 'model', 'flow', 'cost', 'limit', 'attempts', 'calls', 'thread')
  redis.call('HSET', dead, 'job', job, 'model', model, 'flow', flow, 'cost', cost, 'limit', limit, 'claims', claims,
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

-- Take on a job, once. ARGV: id, job, model, flow, cost, running limit, waiting limit, memory share, keep ms, source,
-- doubts (calls of a life that Redis forgot, whose fate is unknown), then of each scope (user, channel, guild) its name,
-- how many of its jobs may be open and how many may be taken on within a minute (0: any number).
-- Answers {'accepted'} | {'known'} | {'too_many_waiting', count} | {'full', scope, count, limit}
-- | {'too_often', scope, limit, ms to wait} | {'no_room'} | {'model_off', problem}.
local id, job, model, flow, cost, limit = unpack(ARGV, 1, 6)
local most, share, keep, source, doubts = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9], ARGV[10], ARGV[11]
local at, minute, gone = now(), 60000, {}

-- Jobs of a scope that nobody was told the end of yet. Those that are told leave `asked` here, once it looks full.
local function open_of(scope, few)
  local asked, count = key('asked', scope), redis.call('ZCARD', key('asked', scope))
  if count < few then return count end
  count = 0
  for _, other in ipairs(redis.call('ZRANGE', asked, 0, -1)) do
    if redis.call('ZSCORE', key('open'), other) then
      count = count + 1
    elseif tonumber(redis.call('ZSCORE', asked, other)) <= at - minute then
      gone[#gone + 1] = {asked, other}
    end
  end
  return count
end

if redis.call('EXISTS', key('job', id)) == 1 then return {'known'} end
local off = redis.call('GET', key('off', model))
if off then return {'model_off', off} end
local count = redis.call('SCARD', key('mine', flow))
if count >= most then return {'too_many_waiting', count} end
-- What Redis forgot was taken on before, within these limits.
for i = 12, doubts == '0' and #ARGV or 0, 3 do
  local scope, few, often = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local open = few > 0 and open_of(scope, few) or 0
  if few > 0 and open >= few then return {'full', scope, open, few} end
  if often > 0 and redis.call('ZCOUNT', key('asked', scope), '(' .. at - minute, '+inf') >= often then
    local oldest = redis.call('ZREVRANGE', key('asked', scope), often - 1, often - 1, 'WITHSCORES')[2]
    return {'too_often', scope, often, oldest + minute - at}
  end
end
local memory = redis.call('INFO', 'memory')
local used, ceiling = tonumber(memory:match('used_memory:(%d+)')), tonumber(memory:match('maxmemory:(%d+)'))
if ceiling > 0 and used + #source > ceiling * share then return {'no_room'} end

redis.call('HSET', key('job', id), 'job', job, 'model', model, 'flow', flow, 'cost', cost, 'limit', limit,
  'attempts', 0, 'calls', 0, 'doubts', doubts, 'accepted', at)
redis.call('ZADD', key('open'), at, id)
redis.call('SADD', key('mine', flow), id)
for _, told in ipairs(gone) do redis.call('ZREM', unpack(told)) end
for i = 12, #ARGV, 3 do
  local asked, few, often = key('asked', ARGV[i]), tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  if few == 0 then redis.call('ZREMRANGEBYSCORE', asked, '-inf', at - minute) end
  if few > 0 or often > 0 then redis.call('ZADD', asked, at, id) end
  redis.call('PEXPIRE', asked, few > 0 and keep or minute)
end
if source ~= '' then
  redis.call('SET', key('source', id), source, 'PX', keep)
  set_state(id, 'preparing')
  enter('prepare', id)
else
  set_state(id, 'waiting')
  enter('generate', id)
end
return {'accepted'}

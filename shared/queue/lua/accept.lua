-- Take on a job, once. ARGV: id, job, model, flow, cost, memory share, keep ms, doubts (calls of a life that Redis
-- forgot, whose fate is unknown), a ticket for its lane ('': none), then of each scope (user, channel, guild) its name, how
-- many of its jobs may be open, how many may run and how many may be taken on within a minute (0: any number); with its
-- upload, if there is one.
-- Answers {'accepted'} | {'known'} | {'full', scope, count, limit} | {'too_often', scope, limit, ms to wait} | {'no_room'}
-- | {'model_off', problem}.
local id, job, model, flow, cost, share, keep, doubts, ticket = unpack(ARGV, 1, 9)
local at, minute, scopes = now(), 60000, {}
for i = 10, #ARGV, 4 do
  scopes[#scopes + 1] = {name = ARGV[i], open = tonumber(ARGV[i + 1]), run = ARGV[i + 2], often = tonumber(ARGV[i + 3])}
end

if redis.call('EXISTS', key('job', id)) == 1 then return {'known'} end
local off = redis.call('GET', key('off', model))
if off then return {'model_off', off} end
-- What Redis forgot was taken on before, within these limits.
for _, scope in ipairs(doubts == '0' and scopes or {}) do
  local asked, open = key('asked', scope.name), redis.call('SCARD', key('mine', scope.name))
  if scope.open > 0 and open >= scope.open then return {'full', scope.name, open, scope.open} end
  if scope.often > 0 and redis.call('ZCOUNT', asked, '(' .. at - minute, '+inf') >= scope.often then
    local oldest = redis.call('ZREVRANGE', asked, scope.often - 1, scope.often - 1, 'WITHSCORES')[2]
    return {'too_often', scope.name, scope.often, oldest + minute - at}
  end
end
local memory = redis.call('INFO', 'memory')
local used, ceiling = tonumber(memory:match('used_memory:(%d+)')), tonumber(memory:match('maxmemory:(%d+)'))
if ceiling > 0 and used > ceiling * share then return {'no_room'} end

local running = {}
for _, scope in ipairs(scopes) do running[#running + 1] = scope.name .. ' ' .. scope.run end
redis.call('HSET', key('job', id), 'job', job, 'model', model, 'flow', flow, 'cost', cost,
  'scopes', table.concat(running, ' '), 'attempts', 0, 'calls', 0, 'doubts', doubts)
redis.call('ZADD', key('open'), at, id)
for _, scope in ipairs(scopes) do
  redis.call('SADD', key('mine', scope.name), id)
  if scope.often > 0 then
    redis.call('ZREMRANGEBYSCORE', key('asked', scope.name), '-inf', at - minute)
    redis.call('ZADD', key('asked', scope.name), at, id)
    redis.call('PEXPIRE', key('asked', scope.name), minute)
  end
end
local has_picture = keep_picture(key('source', id), #ARGV + 1, keep)
local lane = has_picture and 'prepare' or 'generate'
set_state(id, has_picture and 'preparing' or 'waiting')
enter(lane, id)
if ticket ~= '' then redis.call('LPUSH', key('celery', lane), ticket) end
return {'accepted'}

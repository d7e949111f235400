-- Take on a job, once. ARGV: id, job, model, flow, cost, running limit, waiting limit, memory share, keep ms, source,
-- doubts (calls of a life that Redis forgot, whose fate is unknown).
-- Answers {'accepted'} | {'known'} | {'too_many_waiting', count} | {'no_room'} | {'model_off', problem}.
local id, job, model, flow, cost, limit = unpack(ARGV, 1, 6)
local most, share, keep, source, doubts = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9], ARGV[10], ARGV[11]

if redis.call('EXISTS', key('job', id)) == 1 then return {'known'} end
local off = redis.call('GET', key('off', model))
if off then return {'model_off', off} end
local count = redis.call('SCARD', key('mine', flow))
if count >= most then return {'too_many_waiting', count} end
local memory = redis.call('INFO', 'memory')
local used, ceiling = tonumber(memory:match('used_memory:(%d+)')), tonumber(memory:match('maxmemory:(%d+)'))
if ceiling > 0 and used + #source > ceiling * share then return {'no_room'} end

redis.call('HSET', key('job', id), 'job', job, 'model', model, 'flow', flow, 'cost', cost, 'limit', limit,
  'attempts', 0, 'calls', 0, 'doubts', doubts, 'accepted', now())
redis.call('ZADD', key('open'), now(), id)
redis.call('SADD', key('mine', flow), id)
if source ~= '' then
  redis.call('SET', key('source', id), source, 'PX', keep)
  set_state(id, 'preparing')
  enter('prepare', id)
else
  set_state(id, 'waiting')
  enter('generate', id)
end
return {'accepted'}

-- Queue a job that was set aside once more, under a new id. ARGV: id, new id, new job, keep ms.
-- Answers {2, its lane}; {0} when nothing of this id is set aside; {1} when its owner was not told yet that it failed.
local id, fresh, job, keep = unpack(ARGV)
local dead = key('dead', id)
if redis.call('EXISTS', dead) == 0 then return {0} end
if job_get(id, 'state') == 'finished' then return {1} end
local lane, model, flow, cost, scopes, thread =
  unpack(redis.call('HMGET', dead, 'lane', 'model', 'flow', 'cost', 'scopes', 'thread'))

redis.call('HSET', key('job', fresh), 'job', job, 'model', model, 'flow', flow, 'cost', cost, 'scopes', scopes,
  'attempts', 0, 'calls', 0, 'doubts', 0)
if thread ~= '' then redis.call('HSET', key('job', fresh), 'thread', thread) end
redis.call('ZADD', key('open'), now(), fresh)
for _, scope in ipairs(scopes_of(fresh)) do redis.call('SADD', key('mine', scope[1]), fresh) end
if redis.call('EXISTS', key('dead', id, 'picture')) == 1 then
  local picture = lane == 'prepare' and key('source', fresh) or key('prepared', fresh)
  redis.call('RENAME', key('dead', id, 'picture'), picture)
  redis.call('PEXPIRE', picture, keep)
end
set_state(fresh, lane == 'prepare' and 'preparing' or 'waiting')
enter(lane, fresh)
redis.call('DEL', dead)
redis.call('ZREM', key('dead'), id)
return {2, lane}

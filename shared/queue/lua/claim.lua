-- Lease the fairest job that may run. ARGV: lane, token, lease ms. Answers {id, job, doubts}; nil when there is none;
-- 1 when a hundred were parked and there are more: ask again, so that no one run of this script is long.
-- Asked again with the same token, because the answer was lost on its way, it gives the same job.
local lane, token, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])
local at = now()

local function fairest()
  local best, best_start, best_model
  for _, model in ipairs(redis.call('SMEMBERS', key('rows', lane))) do
    if pace(lane, model, at) == 0 then
      local head = redis.call('ZRANGE', key('waiting', lane, model), 0, 0, 'WITHSCORES')
      if head[1] and (not best or tonumber(head[2]) < best_start) then
        best, best_start, best_model = head[1], tonumber(head[2]), model
      elseif not head[1] then
        redis.call('SREM', key('rows', lane), model)
      end
    end
  end
  return best, best_start, best_model
end

local ours = redis.call('HGET', key('tokens', lane), token)
if ours then
  local job, doubts = job_get(ours, 'job', 'doubts')
  return {ours, job, tonumber(doubts)}
end

for _ = 1, 100 do
  local id, start, model = fairest()
  if not id then return false end
  redis.call('ZREM', key('waiting', lane, model), id)
  local job, doubts = job_get(id, 'job', 'doubts')
  if not job then
    redis.call('ZREM', key('open'), id)
  elseif take_turns(lane, id) then
    leave_lines(lane, id)
    redis.call('SADD', key('busy', lane, model), id)
    redis.call('ZADD', key('leases', lane), at + lease, id)
    redis.call('HSET', key('tokens', lane), token, id)
    redis.call('SET', key('clock', lane), math.max(start, tonumber(redis.call('GET', key('clock', lane)) or 0)))
    redis.call('HINCRBY', key('job', id), 'attempts', 1)
    redis.call('HSET', key('job', id), 'token', token, 'begun', 0)
    if lane == 'generate' then
      set_state(id, 'running')
      local interval = tonumber(redis.call('HGET', key('pace', model), 'interval') or 0)
      if interval > 0 then redis.call('HSET', key('pace', model), 'due', at + interval) end
    end
    return {id, job, tonumber(doubts)}
  end
end
return 1

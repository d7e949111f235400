-- accept.lua: accept a job, once, if the limits allow it, and queue it. If the transaction has pushed a picture to
-- incoming_picture, the job is queued for the prepare stage, otherwise for the generate stage.
--
-- KEYS[1]    prefix of every key
-- ARGV[1]    string  job id
-- ARGV[2]    string  job, as JSON
-- ARGV[3]    string  model
-- ARGV[4]    string  tenant whose fair share the job counts towards
-- ARGV[5]    number  cost, in the unit of the tenants' fair shares
-- ARGV[6]    number  ratio of maxmemory (0 to 1) above which no job is accepted
-- ARGV[7]    number  milliseconds for which the picture is kept
-- ARGV[8]    number  calls of unknown fate. Above 0, Redis has lost this job before: it was accepted within the limits
--                    then, and they are not checked again
-- ARGV[9]    string  Celery ticket to send, '' for none
-- ARGV[10…]          four values for each scope, narrowest first; 0 means no limit:
--            string  name
--            number  most open jobs
--            number  most running jobs
--            number  most jobs accepted within a minute
--
-- Reply: names and values
--   result   string  'accepted' | 'duplicate' | 'limit_reached' | 'rate_limited' | 'out_of_memory' | 'model_disabled'
--   scope    string  the scope whose limit refuses the job (limit_reached, rate_limited)
--   count    number  open jobs of the scope (limit_reached)
--   limit    number  the limit (limit_reached, rate_limited)
--   wait_ms  number  milliseconds until the scope may have another job accepted (rate_limited)
--   problem  string  why the model is disabled: a problem, as JSON (model_disabled)
local id, job, model, tenant, cost, max_memory_ratio, ttl_ms, unknown_calls, ticket = unpack(ARGV, 1, 9)
local now, minute_ms, scopes = get_time(), 60000, {}
for i = 10, #ARGV, 4 do
  scopes[#scopes + 1] = {
    name = ARGV[i],
    max_open = tonumber(ARGV[i + 1]),
    max_running = ARGV[i + 2],
    max_per_minute = tonumber(ARGV[i + 3]),
  }
end

if redis.call('EXISTS', key('job', id)) == 1 then return {'result', 'duplicate'} end
local problem = redis.call('GET', key('disabled_model', model))
if problem then return {'result', 'model_disabled', 'problem', problem} end
for _, scope in ipairs(unknown_calls == '0' and scopes or {}) do
  local accepted, open = key('accepted', scope.name), redis.call('SCARD', key('open', scope.name))
  if scope.max_open > 0 and open >= scope.max_open then
    return {'result', 'limit_reached', 'scope', scope.name, 'count', open, 'limit', scope.max_open}
  end
  local limit = scope.max_per_minute
  if limit > 0 and redis.call('ZCOUNT', accepted, '(' .. now - minute_ms, '+inf') >= limit then
    local oldest = redis.call('ZREVRANGE', accepted, limit - 1, limit - 1, 'WITHSCORES')[2]
    return {'result', 'rate_limited', 'scope', scope.name, 'limit', limit, 'wait_ms', oldest + minute_ms - now}
  end
end
local memory = redis.call('INFO', 'memory')
local used, maxmemory = tonumber(memory:match('used_memory:(%d+)')), tonumber(memory:match('maxmemory:(%d+)'))
if maxmemory > 0 and used > maxmemory * max_memory_ratio then return {'result', 'out_of_memory'} end

local running_limits = {}
for _, scope in ipairs(scopes) do running_limits[#running_limits + 1] = scope.name .. ' ' .. scope.max_running end
create_job(id, job, model, tenant, cost, table.concat(running_limits, ' '), unknown_calls)
for _, scope in ipairs(scopes) do
  if scope.max_per_minute > 0 then
    local accepted = key('accepted', scope.name)
    redis.call('ZREMRANGEBYSCORE', accepted, '-inf', now - minute_ms)
    redis.call('ZADD', accepted, now, id)
    redis.call('PEXPIRE', accepted, minute_ms)
  end
end
local has_picture = store_picture(key('upload', id), #ARGV + 1, ttl_ms)
local stage = has_picture and 'prepare' or 'generate'
enter_stage(stage, id)
if ticket ~= '' then redis.call('LPUSH', key('celery', stage), ticket) end
return {'result', 'accepted'}

-- accept.lua: accept a job, once, if the limits allow it, and queue it. If the transaction has pushed a picture to
-- incoming_picture, the job is queued for the prepare stage, otherwise for the generate stage. If memory is short, the
-- oldest drafts give way to the job. Without a job it only says whether one would be accepted now.
--
-- KEYS[1]    prefix of every key
-- ARGV[1]    string  job id
-- ARGV[2]    string  job, as JSON; '' for none
-- ARGV[3]    string  model
-- ARGV[4]    string  tenant whose fair share the job counts towards
-- ARGV[5]    number  cost, in the unit of the tenants' fair shares
-- ARGV[6]    number  ratio of maxmemory (0 to 1) above which no job is accepted
-- ARGV[7]    number  milliseconds for which the picture is kept
-- ARGV[8]    number  calls of unknown fate. Above 0, Redis has lost this job before: it was accepted within the limits
--                    then, and they are not checked again
-- ARGV[9]    string  Celery ticket to send, '' for none
-- ARGV[10]   string  subtenant whose share of the tenant's turns the job counts towards
-- ARGV[11]   string  priority: 'normal' | 'low'
-- ARGV[12]   string  span that accepts it, as a W3C traceparent; '' for none
-- ARGV[13...]        four values for each scope, narrowest first; 0 means no limit:
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
local id, job, model, tenant, cost, max_memory_ratio, ttl_ms, unknown_calls, ticket, subtenant, priority, traceparent =
  unpack(ARGV, 1, 12)
local now, scopes = get_time(), {}
for i = 13, #ARGV, 4 do
  scopes[#scopes + 1] = {
    name = ARGV[i],
    max_open = tonumber(ARGV[i + 1]),
    max_running = ARGV[i + 2],
    max_per_minute = tonumber(ARGV[i + 3]),
  }
end

if get_job_fields(id, 'state') then return {'result', 'duplicate'} end
local problem = redis.call('GET', key('disabled_model', model))
if problem then return {'result', 'model_disabled', 'problem', problem} end
for _, scope in ipairs(unknown_calls == '0' and scopes or {}) do
  local accepted, open = key('accepted', scope.name), redis.call('SCARD', key('open', scope.name))
  if scope.max_open > 0 and open >= scope.max_open then
    return {'result', 'limit_reached', 'scope', scope.name, 'count', open, 'limit', scope.max_open}
  end
  local wait_ms = get_rate_delay(scope.max_per_minute, now, accepted)
  if wait_ms then
    return {'result', 'rate_limited', 'scope', scope.name, 'limit', scope.max_per_minute, 'wait_ms', wait_ms}
  end
end
if job == '' then return {'result', is_memory_short(max_memory_ratio) and 'out_of_memory' or 'accepted'} end
while is_memory_short(max_memory_ratio) do
  if delete_oldest_drafts(100) == 0 then return {'result', 'out_of_memory'} end
end

local running_limits = {}
for _, scope in ipairs(scopes) do running_limits[#running_limits + 1] = scope.name .. ' ' .. scope.max_running end
create_job(id, job, model, tenant, cost, table.concat(running_limits, ' '), unknown_calls, subtenant, priority)
if traceparent ~= '' then redis.call('HSET', key('job', id), 'traceparent', traceparent) end
for _, scope in ipairs(scopes) do
  if scope.max_per_minute > 0 then count_request(key('accepted', scope.name), id, now) end
end
local has_picture = store_picture(key('upload', id), #ARGV + 1, ttl_ms)
local stage = has_picture and 'prepare' or 'generate'
enter_stage(stage, id)
if ticket ~= '' then redis.call('LPUSH', key('celery', stage), ticket) end
return {'result', 'accepted'}

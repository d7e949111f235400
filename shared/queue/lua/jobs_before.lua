-- jobs_before.lua: read which jobs run before one that waits in the generate stage, at a cost that the number of jobs to
-- return limits.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  job id
-- ARGV[2]  number  most jobs to return
--
-- Reply: names and values
--   count  number   how many jobs of its model come before it; 0 unless it is queued and not parked
--   jobs   strings  those of them that come first, as JSON, in no order
local id, max_jobs = ARGV[1], tonumber(ARGV[2])
local model, state = get_job_fields(id, 'model', 'state')
if state ~= 'queued' or is_guild_paused(id) then return {'count', 0, 'jobs', {}} end
local own_tenant = get_turn('generate', id)
local queued, jobs = key('queued', 'generate', model), {}
local count = redis.call('ZRANK', queued, find_place_holder('generate', model, id)) or 0
if count == 0 then return {'count', 0, 'jobs', jobs} end

local function add_job(other)
  local job = get_job_fields(other, 'job')
  if job then jobs[#jobs + 1] = job end
end

-- Of the places of its own tenant, the first ones are for those of its jobs that come first by inner tags.
local own_places = 0
for _, other in ipairs(redis.call('ZRANGE', queued, 0, math.min(count, max_jobs) - 1)) do
  local tenant, inner_tag = get_turn('generate', other)
  if tenant == own_tenant and inner_tag then
    own_places = own_places + 1
  else
    add_job(other)
  end
end
local own_jobs = own_places > 0 and key('turns', 'generate', model, own_tenant)
for _, other in ipairs(own_jobs and redis.call('ZRANGE', own_jobs, 0, own_places - 1) or {}) do add_job(other) end
return {'count', count, 'jobs', jobs}

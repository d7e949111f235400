-- restore_counts.lua: raise the counters of an open job to those of the database, which an older file of Redis does not
-- know. It writes even if Redis is full.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  job id
-- ARGV[2]  number  claims
-- ARGV[3]  number  calls
-- ARGV[4]  number  calls of unknown fate
--
-- Reply: number, 1 | 0: Redis does not know the job, or it has ended
local id = ARGV[1]
local state = get_job_fields(id, 'state')
if not state or has_ended(state) then return 0 end
allow_writes_when_full()
for i, name in ipairs({'claims', 'calls', 'unknown_calls'}) do
  local count = math.max(to_number(get_job_fields(id, name)), tonumber(ARGV[i + 1]))
  redis.call('HSET', key('job', id), name, count)
end
return 1

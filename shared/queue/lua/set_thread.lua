-- set_thread.lua: remember the thread that was opened for a job. A job that Redis has lost meanwhile stays lost: a hash
-- with nothing but a thread would look like a job that was accepted. It writes even if Redis is full.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  job id
-- ARGV[2]  string  thread id
--
-- Reply: number, 1 | 0: Redis does not know the job
local id, thread_id = unpack(ARGV)
if not get_job_fields(id, 'state') then return 0 end
allow_writes_when_full()
redis.call('HSET', key('job', id), 'thread_id', thread_id)
return 1

-- unpark_jobs.lua: let parked jobs of a guild enter the queue, unless it is paused. It writes even if Redis is full.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  guild, as a scope
-- ARGV[2]  number  most jobs
-- ARGV[3]  number  milliseconds for which their pictures are kept
--
-- Reply: number of jobs that were parked until now; fewer than the most: no other is parked
local guild, count, ttl_ms = unpack(ARGV)
allow_writes_when_full()
return unpark_jobs(guild, count, ttl_ms)

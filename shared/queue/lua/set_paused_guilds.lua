-- set_paused_guilds.lua: store which guilds' queues are paused, in place of those before. It writes even if Redis is full.
--
-- KEYS[1]    prefix of every key
-- ARGV[1...] string  guilds whose queues are paused, as scopes
--
-- Reply: names and values
--   paused   strings  guilds that were not paused before: their queued jobs are to be parked
--   resumed  strings  guilds with parked jobs that are not paused: their jobs are to be unparked
local is_paused, paused, resumed = {}, {}, {}
allow_writes_when_full()
for _, guild in ipairs(ARGV) do
  is_paused[guild] = true
  if redis.call('SADD', key('paused_guilds'), guild) == 1 then paused[#paused + 1] = guild end
end
for _, guild in ipairs(redis.call('SMEMBERS', key('paused_guilds'))) do
  if not is_paused[guild] then redis.call('SREM', key('paused_guilds'), guild) end
end
for _, guild in ipairs(redis.call('SMEMBERS', key('parked_guilds'))) do
  if not is_paused[guild] then resumed[#resumed + 1] = guild end
end
return {'paused', paused, 'resumed', resumed}

-- disable_model.lua: disable a model in an AWS account that may not use it. Once it is disabled in every account that
-- workers have called lately, no job is accepted for it. It writes even if Redis is full.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  model
-- ARGV[2]  string  AWS account
-- ARGV[3]  string  why: a problem, as JSON
-- ARGV[4]  number  seconds for which it is disabled
--
-- Reply: names and values
--   is_new  number  1 | 0: it was disabled before
--   is_off  number  1 | 0: it can be called in another account
local model, account, problem, seconds = unpack(ARGV)
allow_writes_when_full()
local function disable(name) return redis.call('SET', name, problem, 'NX', 'EX', seconds) and 1 or 0 end
local is_new = disable(key('disabled_model', model, account))
for _, other in ipairs(redis.call('ZRANGE', key('accounts'), 0, -1)) do
  if redis.call('EXISTS', key('disabled_model', model, other)) == 0 then return {'is_new', is_new, 'is_off', 0} end
end
return {'is_new', disable(key('disabled_model', model)), 'is_off', 1}

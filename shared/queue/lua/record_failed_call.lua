-- record_failed_call.lua: count a call that got no response in time, or an error of the service. After 3 of a model in
-- a row in an account, it is paused there for all workers: then one job at a time tries it, and each such call that
-- fails, too, doubles the pause. finish.lua ends the pause with the first response. It writes even if Redis is full.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  model
-- ARGV[2]  string  job id
-- ARGV[3]  number  milliseconds of the first pause
-- ARGV[4]  string  AWS account of the call
--
-- Reply: number of milliseconds for which the model is paused, if this call began or prolonged the pause; otherwise 0
local model, id, first_pause_ms, account = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local now, pace, max_failed_calls, max_pause_ms = get_time(), get_account_key(account, 'pace', model), 3, 600000
allow_writes_when_full()
local failed_calls = to_number(redis.call('HGET', pace, 'failed_calls')) + 1
redis.call('HSET', pace, 'failed_calls', failed_calls)
if failed_calls < max_failed_calls then return 0 end
local pause_ms, probe = unpack(redis.call('HMGET', pace, 'pause_ms', 'probe'))
local is_news, longer_ms = not pause_ms or probe == id, to_number(pause_ms, first_pause_ms)
if probe == id then longer_ms = math.min(longer_ms * 2, math.max(first_pause_ms, max_pause_ms)) end
redis.call('HSET', pace, 'pause_ms', longer_ms, 'paused_until', now + longer_ms)
redis.call('HDEL', pace, 'probe')
return is_news and longer_ms or 0

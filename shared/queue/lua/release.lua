-- release.lua: put a claimed job back at its old place in the queue. It writes even if Redis is full.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  stage
-- ARGV[2]  string  job id
-- ARGV[3]  string  claim token
-- ARGV[4]  number  milliseconds before which the job may not be claimed
-- ARGV[5]  number  1 if it is unknown whether the model ran the call, otherwise 0
-- ARGV[6]  number  1 if the model throttled the call, otherwise 0
--
-- Reply: number, 1 | 0: the lease was lost
local stage, id, claim_token, delay_ms, is_unknown_call, is_throttled = unpack(ARGV)
if not holds_lease(id, claim_token) then
  if is_unknown_call == '1' then
    allow_writes_when_full()
    log_late_call(id)
  end
  return 0
end
local now, model, delay = get_time(), get_queue_model(stage, id), tonumber(delay_ms)
allow_writes_when_full()
increment(id, 'unknown_calls', is_unknown_call)
if is_unknown_call == '1' then log_calls(id) end
requeue(stage, id, delay > 0 and now + delay)

-- Calls that were throttled within the same second were sent at the same pace, so they slow it down only once.
if is_throttled == '1' then
  local interval_ms, slowed_at = unpack(redis.call('HMGET', key('pace', model), 'interval_ms', 'slowed_at'))
  local slower_ms = to_number(interval_ms)
  if now - to_number(slowed_at) >= 1000 then
    slower_ms = math.min(30000, math.max(500, slower_ms * 2))
    redis.call('HSET', key('pace', model), 'interval_ms', slower_ms, 'slowed_at', now)
  end
  redis.call('HSET', key('pace', model), 'next_call_at', now + math.max(slower_ms, delay))
end
return 1

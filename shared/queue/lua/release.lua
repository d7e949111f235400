-- release.lua: put a claimed job back at its old place in the queue. It writes even if Redis is full.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  stage
-- ARGV[2]  string  job id
-- ARGV[3]  string  claim token
-- ARGV[4]  number  milliseconds before which the job may not be claimed
-- ARGV[5]  number  1 if it is unknown whether the model ran the call, otherwise 0
-- ARGV[6]  number  1 if the model throttled the call, otherwise 0
-- ARGV[7]  number  milliseconds before which a model that throttled a call gets no other one in the account
--
-- Reply: number, 1 | 0: the lease was lost
local stage, id, claim_token, delay_ms, is_unknown_call, is_throttled, pace_delay_ms = unpack(ARGV)
if not holds_lease(id, claim_token) then
  if is_unknown_call == '1' then
    allow_writes_when_full()
    log_late_call(id)
  end
  return 0
end
local now, delay = get_time(), tonumber(delay_ms)
allow_writes_when_full()
if is_unknown_call == '1' then count_unknown_call(id) end
requeue(stage, id, delay > 0 and now + delay)

-- Calls of an account that were throttled within the same second were sent at the same pace: they slow it down once.
if is_throttled == '1' then
  local pace = get_account_key(get_account(id), 'pace', get_queue_model(stage, id))
  local interval_ms, slowed_at = unpack(redis.call('HMGET', pace, 'interval_ms', 'slowed_at'))
  local slower_ms = to_number(interval_ms)
  if now - to_number(slowed_at) >= 1000 then
    slower_ms = math.min(30000, math.max(500, slower_ms * 2))
    redis.call('HSET', pace, 'interval_ms', slower_ms, 'slowed_at', now)
  end
  redis.call('HSET', pace, 'next_call_at', now + math.max(slower_ms, tonumber(pace_delay_ms)))
end
return 1

-- mark_delivered.lua: acknowledge an outcome that was delivered. The pictures are deleted; the job's hash is kept for a
-- while, so that a second delivery of the same interaction is still recognised, and a database that was restored learns
-- how the job ended. Its place in the queue is not kept. A job that waits or runs, because an older file of Redis was
-- restored, leaves its stage: it is not called again.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  job id
-- ARGV[2]  string  consumer group of the stream
-- ARGV[3]  string  entry of the stream
-- ARGV[4]  string  id of the message with the outcome, '' if there was nowhere to post it
-- ARGV[5]  number  milliseconds for which the job's hash is kept
--
-- Reply: number, 1 | 0: Redis does not know the job
local id, group, entry_id, message_id, ttl_ms = unpack(ARGV)
redis.call('XACK', key('outcomes'), group, entry_id)
redis.call('XDEL', key('outcomes'), entry_id)
local state, stage = get_job_fields(id, 'state', 'stage')
if not state then return 0 end
if not has_ended(state) then leave_stage(stage, id) end
redis.call('DEL', key('upload', id), key('result', id), key('prepared', id))
redis.call('ZREM', key('open_jobs'), id)
for _, scope in ipairs(get_scopes(id)) do redis.call('SREM', key('open', scope.name), id) end
redis.call('HDEL', key('job', id), 'tenant', 'subtenant', 'cost', 'priority', 'scopes', 'start_tag:prepare',
  'start_tag:generate', 'inner_tag:prepare', 'inner_tag:generate', 'resumed_at', 'crashes', 'call_started', 'traceparent')
redis.call('HSET', key('job', id), 'message_id', message_id)
set_state(id, 'delivered')
redis.call('PEXPIRE', key('job', id), ttl_ms)
return 1

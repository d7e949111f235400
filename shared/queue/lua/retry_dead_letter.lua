-- retry_dead_letter.lua: queue the job of a dead letter again, under a new id, and delete the dead letter.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  id of the job that failed
-- ARGV[2]  string  id of the new job
-- ARGV[3]  string  new job, as JSON
-- ARGV[4]  number  milliseconds for which the picture is kept
--
-- Reply: names and values
--   result  string  'queued' | 'not_found' (no such dead letter) | 'not_delivered' (the failure has not been delivered
--                   yet)
local id, new_id, job, ttl_ms = unpack(ARGV)
local letter = key('dead_letter', id)
if redis.call('EXISTS', letter) == 0 then return {'result', 'not_found'} end
if get_job_fields(id, 'state') == 'finished' then return {'result', 'not_delivered'} end
local stage, model, tenant, cost, scopes, thread_id, subtenant, priority = unpack(
  redis.call('HMGET', letter, 'stage', 'model', 'tenant', 'cost', 'scopes', 'thread_id', 'subtenant', 'priority')
)

create_job(new_id, job, model, tenant, cost, scopes, 0, subtenant, priority)
if thread_id ~= '' then redis.call('HSET', key('job', new_id), 'thread_id', thread_id) end
if redis.call('EXISTS', key('dead_letter_picture', id)) == 1 then
  local picture = get_picture_key(stage, new_id)
  redis.call('RENAME', key('dead_letter_picture', id), picture)
  redis.call('PEXPIRE', picture, ttl_ms)
end
enter_stage(stage, new_id)
redis.call('DEL', letter)
redis.call('ZREM', key('dead_letters'), id)
return {'result', 'queued'}

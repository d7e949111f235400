-- End a job. ARGV: lane, id, token, outcome, keep ms, call's ms (0: no call succeeded); with the picture, if there is one.
-- Answers {1, claimable jobs without a ticket}, or {0}: it had ended before, or failed under a lost lease, when its end
-- is another worker's to tell. What was paid for is kept whoever brings it.
local lane, id, token, outcome, keep, took = unpack(ARGV, 1, 6)
local state, model = job_get(id, 'state', 'model')
if not state or state == 'finished' or state == 'delivered' then return {0} end
if not held(id, token) and cjson.decode(outcome).kind == 'failed' then return {0} end
close(lane, id, outcome)
keep_picture(key('picture', id), 7, keep)
if tonumber(took) > 0 then
  redis.call('LPUSH', key('timings', model), took)
  redis.call('LTRIM', key('timings', model), 0, 31)
  local interval, floor = unpack(redis.call('HMGET', key('pace', model), 'interval', 'floor'))
  local faster = math.floor(tonumber(interval or 0) * 0.6)
  if faster < 100 then faster = 0 end
  redis.call('HSET', key('pace', model), 'interval', math.max(faster, tonumber(floor or 0)))
end
return {1, claimable(lane, now()) - redis.call('LLEN', key('celery', lane))}

-- Put a job back at its old place. ARGV: lane, id, token, delay ms, doubt 0|1, throttled 0|1. Answers 1, or 0: lease lost.
local lane, id, token, delay, doubt, throttled = unpack(ARGV)
if not held(id, token) then return 0 end
local at, model = now(), row(lane, id)
leave(lane, id)
redis.call('HINCRBY', key('job', id), 'doubts', doubt)
if lane == 'generate' then set_state(id, 'waiting') end
if tonumber(delay) > 0 then
  line_up(lane, id)
  redis.call('ZADD', key('delayed', lane), at + tonumber(delay), id)
else
  wait(lane, id)
end
-- The calls that were refused in the same second were sent at the same pace: they slow it once.
if throttled == '1' then
  local interval, slowed = unpack(redis.call('HMGET', key('pace', model), 'interval', 'slowed'))
  local slower = tonumber(interval or 0)
  if at - tonumber(slowed or 0) >= 1000 then
    slower = math.min(30000, math.max(500, slower * 2))
    redis.call('HSET', key('pace', model), 'interval', slower, 'slowed', at)
  end
  redis.call('HSET', key('pace', model), 'due', at + math.max(slower, tonumber(delay)))
end
return 1

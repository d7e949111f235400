-- Where jobs stand. ARGV: ids. Answers a row each: {id, job, state, since, thread, outcome, telling message, claims, calls,
-- doubts, place in its model's line, mean ms of its model's last calls or 0, calls' time to wait, ms to wait at least}.
--
-- How long a job waits is the longest of these, each found by its rank in a line, whatever the line's length:
--   its model: those that run and those before it are called in rounds of as many as may run at once, and those that run
--              count as if they had just begun; and calls start no closer together than the pace says
--   each scope that limits how many run (its person, channel, guild) and of which it has no turn yet: the same rounds
--   the time it was told to wait when it was released
-- Rounds are counted in calls, because a call that was never made has a length that only the catalogue knows.
local answer, at, typical = {}, now(), {}

local function mean(model)
  if not typical[model] then
    local times, sum = redis.call('LRANGE', key('timings', model), 0, -1), 0
    for _, time in ipairs(times) do sum = sum + tonumber(time) end
    typical[model] = #times > 0 and math.floor(sum / #times) or 0
  end
  return typical[model]
end

-- Its place in a line, from 1, and for how many calls' time those before it keep it there.
local function queued(id, line, running, most)
  local place = (redis.call('ZRANK', line, id) or 0) + 1
  return place, math.floor((place - 1 + redis.call('SCARD', running)) / most)
end

local function waits(id, lane, model)
  local slots, interval, due = unpack(redis.call('HMGET', key('pace', model), 'concurrency', 'interval', 'due'))
  local place, calls = queued(id, key('line', lane, model), key('busy', lane, model), tonumber(slots or 1))
  for _, scope in ipairs(scopes_of(id)) do
    local running = key('running', lane, scope[1])
    if scope[2] > 0 and redis.call('SISMEMBER', running, id) == 0 then
      local _, more = queued(id, key('line', lane, scope[1]), running, scope[2])
      calls = math.max(calls, more)
    end
  end
  local paced = math.max(0, tonumber(due or 0) - at) + (place - 1) * tonumber(interval or 0)
  return place, calls, math.max(paced, tonumber(redis.call('ZSCORE', key('delayed', lane), id) or at) - at)
end

for _, id in ipairs(ARGV) do
  local job, state, since, thread, outcome, lane, model, told, claims, calls, doubts = job_get(id, 'job', 'state',
    'since', 'thread', 'outcome', 'lane', 'model', 'told', 'attempts', 'calls', 'doubts')
  if job then
    local place, ahead, least = 0, 0, 0
    if state == 'waiting' then place, ahead, least = waits(id, lane, model) end
    if state == 'running' then least = since - wall() end
    answer[#answer + 1] = {id, job, state, since, thread or '', outcome or '', told or '', claims, calls, doubts,
      place, mean(model), ahead, least}
  end
end
return answer

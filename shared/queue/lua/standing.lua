-- Where jobs stand. ARGV: ids. Answers a row each: {id, job, state, since, thread, outcome, place in line, typical ms,
-- slots, telling message, claims, calls, doubts}.
local answer = {}
for _, id in ipairs(ARGV) do
  local job, state, since, thread, outcome, lane, model, flow, told, claims, calls, doubts = job_get(id, 'job', 'state',
    'since', 'thread', 'outcome', 'lane', 'model', 'flow', 'told', 'attempts', 'calls', 'doubts')
  if job then
    local place = 0
    if state == 'waiting' then
      local start = redis.call('HGET', key('job', id), 'start:' .. lane)
      for _, other in ipairs(redis.call('SMEMBERS', key('rows', lane))) do
        place = place + redis.call('ZCOUNT', key('waiting', lane, other), '-inf', '(' .. start)
      end
      local rank = redis.call('ZRANK', key('parked', lane, flow), id)
      place = place + (rank or 0) + 1
    end
    local times, sum = redis.call('LRANGE', key('timings', model), 0, -1), 0
    for _, time in ipairs(times) do sum = sum + tonumber(time) end
    local typical = #times > 0 and math.floor(sum / #times) or 0
    local slots = tonumber(redis.call('HGET', key('pace', model), 'concurrency') or 1)
    answer[#answer + 1] = {id, job, state, since, thread or '', outcome or '', place, typical, slots, told or '',
      claims, calls, doubts}
  end
end
return answer

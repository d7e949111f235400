-- Bring back what was left behind. ARGV: lane, ticket list, most tickets, most crashes, outcome when given up,
-- outcome when lost, lease ms, keep ms, then model, concurrency, floor ms of each row this worker knows.
-- Answers {tickets to send, brought back, failed}.
local lane, list, most, crashes, gave_up, lost, lease, keep = unpack(ARGV, 1, 8)
local at, back, failed = now(), 0, 0
write_though_full()

for i = 9, #ARGV, 3 do
  redis.call('HSET', key('pace', ARGV[i]), 'concurrency', ARGV[i + 1], 'floor', ARGV[i + 2])
  redis.call('HSETNX', key('pace', ARGV[i]), 'interval', ARGV[i + 2])
end

-- Sweeps come every second. When none came for most of a lease, this server was away from every worker (stopped, frozen,
-- its clock set forward), and each gets the time of one lease to renew what it still works on. So does each when the
-- clock was set back, for what it has renewed since; from here the ledger's clock goes on where it was.
local last, grace = unpack(redis.call('HMGET', key('sweeps'), 'last', 'grace'))
local gap = at - tonumber(last or at)
if gap < 0 then
  redis.call('INCRBY', key('ahead'), -gap)
  at = tonumber(last)
end
if math.abs(gap) > tonumber(lease) * 2 / 3 then
  grace = at + tonumber(lease)
  redis.call('HSET', key('sweeps'), 'grace', grace)
end
redis.call('HSET', key('sweeps'), 'last', at)
local expired = at >= tonumber(grace or 0) and redis.call('ZRANGEBYSCORE', key('leases', lane), '-inf', at, 'LIMIT', 0, 100)

for _, id in ipairs(expired or {}) do
  local begun, doubts = job_get(id, 'begun', 'doubts')
  if not doubts then
    redis.call('ZREM', key('leases', lane), id)
  elseif begun == '1' and tonumber(doubts) >= 1 then
    set_aside(lane, id, lost, keep)
    close(lane, id, lost)
    failed = failed + 1
  elseif begun ~= '1' and redis.call('HINCRBY', key('job', id), 'crashes', 1) >= tonumber(crashes) then
    set_aside(lane, id, gave_up, keep)
    close(lane, id, gave_up)
    failed = failed + 1
  else
    leave(lane, id)
    if begun == '1' then redis.call('HINCRBY', key('job', id), 'doubts', 1) end
    if lane == 'generate' then set_state(id, 'waiting') end
    wait(lane, id)
    back = back + 1
  end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('delayed', lane), '-inf', at, 'LIMIT', 0, 100)) do
  redis.call('ZREM', key('delayed', lane), id)
  wait(lane, id)
  back = back + 1
end

-- Jobs that wait for a model which was switched off meanwhile end with the words it was switched off with.
for i = 9, #ARGV, 3 do
  local off = redis.call('GET', key('off', ARGV[i]))
  for _, id in ipairs(off and redis.call('ZRANGE', key('line', lane, ARGV[i]), 0, 99) or {}) do
    close(lane, id, '{"kind":"failed","problem":' .. off .. '}')
    failed = failed + 1
  end
end

redis.call('ZREMRANGEBYSCORE', key('finish', lane), '-inf', '(' .. (redis.call('GET', key('clock', lane)) or 0))
local wanted = math.min(tonumber(most), claimable(lane, at)) - redis.call('LLEN', list)
return {math.max(0, wanted), back, failed}

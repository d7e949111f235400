-- Record an attempt before its call, once a lease. ARGV: id, token. Answers 1, or 0 when the lease was lost.
write_though_full()
if not held(ARGV[1], ARGV[2]) then return 0 end
if redis.call('HGET', key('job', ARGV[1]), 'begun') ~= '1' then
  redis.call('HINCRBY', key('job', ARGV[1]), 'calls', 1)
  redis.call('HSET', key('job', ARGV[1]), 'begun', 1)
end
return 1

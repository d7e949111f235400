-- Keep leases. ARGV: lane, lease ms, then id and token in turn. Answers how many are still held.
local lane, lease, kept = ARGV[1], tonumber(ARGV[2]), 0
write_though_full()
for i = 3, #ARGV, 2 do
  if held(ARGV[i], ARGV[i + 1]) then
    redis.call('ZADD', key('leases', lane), 'XX', now() + lease, ARGV[i])
    kept = kept + 1
  end
end
return kept

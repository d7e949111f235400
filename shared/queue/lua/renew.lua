-- renew.lua: renew leases. It writes even if Redis is full.
--
-- KEYS[1]    prefix of every key
-- ARGV[1]    string  stage
-- ARGV[2]    number  length of a lease, in milliseconds
-- ARGV[3...]         two values for each lease:
--            string  job id
--            string  claim token
--
-- Reply: number of leases that are still held
local stage, lease_ms, held = ARGV[1], tonumber(ARGV[2]), 0
allow_writes_when_full()
for i = 3, #ARGV, 2 do
  local id, claim_token = ARGV[i], ARGV[i + 1]
  if holds_lease(id, claim_token) then
    redis.call('ZADD', key('leases', stage), 'XX', get_time() + lease_ms, id)
    held = held + 1
  end
end
return held

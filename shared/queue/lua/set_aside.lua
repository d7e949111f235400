-- set_aside.lua: end a claimed job that this worker cannot read, as a dead letter. It writes even if Redis is full.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  stage
-- ARGV[2]  string  job id
-- ARGV[3]  string  claim token
-- ARGV[4]  string  outcome, as JSON
-- ARGV[5]  number  milliseconds for which the dead letter is kept
--
-- Reply: number, 1 | 0: the lease was lost
local stage, id, claim_token, outcome, ttl_ms = unpack(ARGV)
if not holds_lease(id, claim_token) then return 0 end
allow_writes_when_full()
copy_to_dead_letters(stage, id, outcome, ttl_ms)
end_job(stage, id, outcome)
return 1

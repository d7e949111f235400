-- promote.lua: move a prepared job to the generate stage, with its prepared picture. The upload is deleted. It writes
-- even if Redis is full.
--
-- KEYS[1]    prefix of every key
-- ARGV[1]    string  job id
-- ARGV[2]    string  claim token
-- ARGV[3]    number  milliseconds for which the picture is kept
-- ARGV[4...] string  chunks of the picture, if they are not in incoming_picture
--
-- Reply: number, 1 | 0: the lease was lost
local id, claim_token, ttl_ms = unpack(ARGV, 1, 3)
if not holds_lease(id, claim_token) then return 0 end
allow_writes_when_full()
leave_stage('prepare', id)
redis.call('DEL', key('upload', id))
store_picture(key('prepared', id), 4, ttl_ms)
enter_stage('generate', id)
return 1

-- Give back what was leased under these tokens, as if it had never been claimed: their worker made no call.
-- ARGV: lane, then tokens. Answers how many jobs wait again.
local lane, back = ARGV[1], 0
write_though_full()
for i = 2, #ARGV do
  local id = redis.call('HGET', key('tokens', lane), ARGV[i])
  if id then
    local begun = job_get(id, 'begun')
    leave(lane, id)
    redis.call('HINCRBY', key('job', id), 'attempts', -1)
    if begun == '1' then redis.call('HINCRBY', key('job', id), 'calls', -1) end
    if lane == 'generate' then set_state(id, 'waiting') end
    wait(lane, id)
    back = back + 1
  end
end
return back

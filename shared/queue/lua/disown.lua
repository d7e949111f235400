-- Give back what was leased under these tokens, as if it had never been claimed: their worker made no call.
-- ARGV: lane, then tokens. Answers how many jobs wait again.
local lane, back, ours = ARGV[1], 0, {}
for i = 2, #ARGV do ours[ARGV[i]] = true end
write_though_full()
for _, id in ipairs(redis.call('ZRANGE', key('leases', lane), 0, -1)) do
  local token, begun = job_get(id, 'token', 'begun')
  if token and ours[token] then
    leave(lane, id)
    redis.call('HDEL', key('job', id), 'token')
    redis.call('HINCRBY', key('job', id), 'attempts', -1)
    if begun == '1' then redis.call('HINCRBY', key('job', id), 'calls', -1) end
    if lane == 'generate' then set_state(id, 'waiting') end
    wait(lane, id)
    back = back + 1
  end
end
return back

-- The person was told. ARGV: id, group, entry, message id or '', keep ms of the ledger's row.
local id, group, entry, message, keep = unpack(ARGV)
redis.call('XACK', key('outcomes'), group, entry)
redis.call('XDEL', key('outcomes'), entry)
if redis.call('EXISTS', key('job', id)) == 0 then return 0 end
redis.call('DEL', key('picture', id), key('prepared', id))
redis.call('ZREM', key('open'), id)
for _, scope in ipairs(scopes_of(id)) do redis.call('SREM', key('mine', scope[1]), id) end
redis.call('HSET', key('job', id), 'told', message)
set_state(id, 'delivered')
redis.call('PEXPIRE', key('job', id), keep)
return 1

-- The person was told. ARGV: id, group, entry, message id or '', keep ms of the ledger's row.
local id, group, entry, message, keep = unpack(ARGV)
redis.call('XACK', key('outcomes'), group, entry)
redis.call('XDEL', key('outcomes'), entry)
local flow = job_get(id, 'flow')
if not flow then return 0 end
redis.call('DEL', key('picture', id), key('prepared', id))
redis.call('ZREM', key('open'), id)
redis.call('SREM', key('mine', flow), id)
redis.call('HSET', key('job', id), 'told', message)
set_state(id, 'delivered')
redis.call('PEXPIRE', key('job', id), keep)
return 1

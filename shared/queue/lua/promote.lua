-- Move a prepared job to the generate lane. ARGV: id, token, prepared picture, keep ms. Answers 1, or 0: lease lost.
local id, token, prepared, keep = unpack(ARGV)
if not held(id, token) then return 0 end
leave('prepare', id)
redis.call('DEL', key('source', id))
redis.call('SET', key('prepared', id), prepared, 'PX', keep)
set_state(id, 'waiting')
enter('generate', id)
return 1

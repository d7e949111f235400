-- Move a prepared job to the generate lane. ARGV: id, token, keep ms; with the prepared picture.
-- Answers 1, or 0: lease lost.
local id, token, keep = unpack(ARGV, 1, 3)
if not held(id, token) then return 0 end
leave('prepare', id)
redis.call('DEL', key('source', id))
keep_picture(key('prepared', id), 4, keep)
set_state(id, 'waiting')
enter('generate', id)
return 1

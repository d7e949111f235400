-- epoch.lua: read the epoch, or confirm the next one: the queue was compared with the database.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  number  epoch to confirm, 0 to read only
--
-- Reply: names and values
--   number        number  the epoch that was confirmed last, 0 if none was
--   is_confirmed  number  1 if calls may start, otherwise 0: this server has started or lost its data since
--   confirmed_at  number  since when this server is known to have lost nothing, in milliseconds of Redis's clock; 0 if
--                         that is not known, as where calls may not start or the run id is hidden
local number = tonumber(ARGV[1])
if number > 0 then
  allow_writes_when_full()
  redis.call('HSET', key('epoch'), 'number', number, 'run_id', get_run_id(), 'confirmed_at', get_server_time())
end
local confirmed_at = 0
if is_epoch_confirmed() and get_run_id() ~= '' then
  confirmed_at = to_number(redis.call('HGET', key('epoch'), 'confirmed_at'))
end
return {'number', to_number(redis.call('HGET', key('epoch'), 'number')), 'is_confirmed',
  is_epoch_confirmed() and 1 or 0, 'confirmed_at', confirmed_at}

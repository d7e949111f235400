-- epoch.lua: read the epoch, or confirm the next one: the queue was compared with the database.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  number  epoch to confirm, 0 to read only
--
-- Reply: names and values
--   number        number  the epoch that was confirmed last, 0 if none was
--   is_confirmed  number  1 if calls may start, otherwise 0: this server has started or lost its data since
local number = tonumber(ARGV[1])
if number > 0 then
  allow_writes_when_full()
  redis.call('HSET', key('epoch'), 'number', number, 'run_id', get_run_id())
end
return {'number', to_number(redis.call('HGET', key('epoch'), 'number')), 'is_confirmed',
  is_epoch_confirmed() and 1 or 0}

-- leave_partitions.lua: end the registration of a bot, and give up the partitions that it still has.
--
-- KEYS[1]  prefix of every key
-- ARGV[1]  string  token of the bot
--
-- Reply: number, always 1
local token = ARGV[1]
redis.call('HDEL', key('bots'), token)
local partitions = redis.call('HGETALL', key('delivery_partitions'))
for i = 1, #partitions, 2 do
  if partitions[i + 1] == token then redis.call('HDEL', key('delivery_partitions'), partitions[i]) end
end
return 1

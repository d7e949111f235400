-- renew_partitions.lua: register a bot for a few seconds, let it hand over partitions of the delivery, and take others
-- that are free. Registrations that have expired are forgotten. It writes even if Redis is full: there is room again
-- only when outcomes have been delivered. It also tells whether the epoch still holds.
--
-- KEYS[1]   prefix of every key
-- ARGV[1]   string  token of the bot
-- ARGV[2]   number  length of its registration, in milliseconds
-- ARGV[3]   string  beginning of the tokens of bots that divide the delivery among them
-- ARGV[4]   number  partitions that it releases
-- ARGV[5...]  number  these partitions, then those that it takes if they are free
--
-- Reply: names and values
--   now                number   milliseconds of Redis's clock
--   was_registered     number   1 | 0: the registration of the bot had expired, or there was none
--   is_led_by_earlier  number   1 | 0: a bot of a release leads that delivers alone; then no partition is taken
--   tokens             strings  tokens of the bots that are registered
--   own                strings  partitions of this bot
--   others             strings  partitions of other bots that are registered
--   is_confirmed       number   1 if calls may start, otherwise 0: this server has started or lost its data since
local token, lease_ms, token_prefix, released = unpack(ARGV, 1, 4)
allow_writes_when_full()
local now = get_server_time()
local registered_until = now + lease_ms
local was_registered, tokens, is_registered = 0, {token}, {[token] = true}
local bots = redis.call('HGETALL', key('bots'))
for i = 1, #bots, 2 do
  local other, expires_at = bots[i], to_number(bots[i + 1])
  if other == token then
    was_registered = expires_at > now and 1 or 0
  elseif expires_at > now then
    if expires_at > registered_until then redis.call('HSET', key('bots'), other, registered_until) end
    tokens[#tokens + 1] = other
    is_registered[other] = true
  else
    redis.call('HDEL', key('bots'), other)
  end
end
redis.call('HSET', key('bots'), token, registered_until)

local leader = redis.call('GET', key('leader'))
local is_led_by_earlier = leader and leader:sub(1, #token_prefix) ~= token_prefix
local owners, partitions = {}, redis.call('HGETALL', key('delivery_partitions'))
for i = 1, #partitions, 2 do owners[partitions[i]] = partitions[i + 1] end
for i = 5, 4 + released do
  if owners[ARGV[i]] == token then
    redis.call('HDEL', key('delivery_partitions'), ARGV[i])
    owners[ARGV[i]] = nil
  end
end
for i = 5 + released, #ARGV do
  if not is_led_by_earlier and not is_registered[owners[ARGV[i]] or ''] then
    redis.call('HSET', key('delivery_partitions'), ARGV[i], token)
    owners[ARGV[i]] = token
  end
end

local own, others = {}, {}
for partition, owner in pairs(owners) do
  if owner == token then
    own[#own + 1] = partition
  elseif is_registered[owner] then
    others[#others + 1] = partition
  end
end
return {'now', now, 'was_registered', was_registered, 'is_led_by_earlier', is_led_by_earlier and 1 or 0, 'tokens', tokens,
  'own', own, 'others', others, 'is_confirmed', is_epoch_confirmed() and 1 or 0}

-- check_permissions.lua: call each command of the other scripts once, on a key that does not outlast this script, to
-- find those that the ACL denies: a script that is denied one midway would leave its work half done. It writes even if
-- Redis is full.
--
-- KEYS[1]    prefix of every key
-- ARGV[1...] string  other commands to call
--
-- Reply: list of the commands that are denied
local name, other = key('no_such_key'), key('no_such_key', 'renamed')
local calls = {
  {'TIME'},
  {'INFO', 'server'},
  {'SET', name, 1},
  {'GET', name},
  {'MGET', name},
  {'EXISTS', name},
  {'INCRBY', name, 1},
  {'PEXPIRE', name, 1000},
  {'RENAME', name, other},
  {'DEL', name, other},
  {'HSET', name, 'field', 1},
  {'HGET', name, 'field'},
  {'HGETALL', name},
  {'HMGET', name, 'field'},
  {'HEXISTS', name, 'field'},
  {'HINCRBY', name, 'field', 1},
  {'HDEL', name, 'field'},
  {'SADD', name, 'member'},
  {'SCARD', name},
  {'SISMEMBER', name, 'member'},
  {'SMEMBERS', name},
  {'SREM', name, 'member'},
  {'ZADD', name, 1, 'member'},
  {'ZCARD', name},
  {'ZCOUNT', name, 0, 1},
  {'ZRANGE', name, 0, -1},
  {'ZRANGEBYSCORE', name, 0, 1},
  {'ZREVRANGEBYSCORE', name, 1, 0},
  {'ZRANK', name, 'member'},
  {'ZSCORE', name, 'member'},
  {'ZREMRANGEBYSCORE', name, 1, 1},
  {'ZREM', name, 'member'},
  {'LPUSH', name, 'element'},
  {'RPUSH', name, 'element'},
  {'LLEN', name},
  {'LRANGE', name, 0, -1},
  {'LTRIM', name, 1, 0},
  {'XADD', name, '1-1', 'field', 'value'},
  {'XACK', name, 'group', '1-1'},
  {'XDEL', name, '1-1'},
  {'XLEN', name},
  {'XRANGE', name, '-', '+'},
}
local other_calls = {
  HKEYS = {'HKEYS', other},
  LINDEX = {'LINDEX', other, 0},
  XREAD = {'XREAD', 'STREAMS', other, '0'},
}
for _, command in ipairs(ARGV) do calls[#calls + 1] = other_calls[command] end
allow_writes_when_full()
local denied = {}
for _, call in ipairs(calls) do
  local reply = redis.pcall(unpack(call))
  local problem = type(reply) == 'table' and reply.err or ''
  if problem:find("can't run this command", 1, true) or problem:find('no permissions', 1, true) then
    denied[#denied + 1] = call[1]
  end
end
redis.call('DEL', name, other)
return denied

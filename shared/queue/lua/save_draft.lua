-- save_draft.lua: save a draft, if the limits per minute allow it. A user keeps a few drafts only: the oldest ones are
-- deleted. A draft counts in the user's own limit like a job. In the limits of the channel and of the guild, drafts and
-- jobs count for the next draft, but only jobs for the next job: nobody's drafts stop another user's job.
--
-- KEYS[1]   prefix of every key
-- ARGV[1]   string  draft id
-- ARGV[2]   string  draft
-- ARGV[3]   number  milliseconds for which it is kept
-- ARGV[4]   string  user id
-- ARGV[5]   number  most drafts of a user
-- ARGV[6]   number  ratio of maxmemory (0 to 1) above which no draft is saved
-- ARGV[7...]        two values for each scope, the user's first; none for a draft that does not count:
--           string  name
--           number  most requests within a minute, 0: no limit
--
-- Reply: names and values
--   result   string  'saved' | 'rate_limited' | 'out_of_memory'
--   scope    string  the scope whose limit refuses the draft (rate_limited)
--   limit    number  the limit (rate_limited)
--   wait_ms  number  milliseconds until the scope may have another draft (rate_limited)
local id, draft, ttl_ms, user, max_drafts, max_memory_ratio = unpack(ARGV, 1, 6)
local now, own = get_time(), key('user_drafts', user)

if redis.call('EXISTS', key('draft', id)) == 0 then
  for i = 7, #ARGV, 2 do
    local name, limit = ARGV[i], tonumber(ARGV[i + 1])
    local wait_ms = get_rate_delay(limit, now, key('accepted', name), key('drafted', name))
    if wait_ms then return {'result', 'rate_limited', 'scope', name, 'limit', limit, 'wait_ms', wait_ms} end
  end
  if is_memory_short(max_memory_ratio) then return {'result', 'out_of_memory'} end
  for i = 7, #ARGV, 2 do
    if tonumber(ARGV[i + 1]) > 0 then count_request(key(i == 7 and 'accepted' or 'drafted', ARGV[i]), id, now) end
  end
end
redis.call('SET', key('draft', id), draft, 'PX', ttl_ms)
for _, drafts in ipairs({own, key('drafts')}) do
  redis.call('ZREMRANGEBYSCORE', drafts, '-inf', now - ttl_ms)
  redis.call('ZADD', drafts, now, id)
  redis.call('PEXPIRE', drafts, ttl_ms)
end
for _, oldest in ipairs(redis.call('ZRANGE', own, 0, -1 - max_drafts)) do
  redis.call('ZREM', own, oldest)
  redis.call('ZREM', key('drafts'), oldest)
  redis.call('DEL', key('draft', oldest))
end
return {'result', 'saved'}

-- End a job whose call has not begun. ARGV: id, outcome.
-- Answers {'cancelled', lane, claimable} | {'too_late'}: its call has begun, or it ended | {'unknown'}.
local id, outcome = unpack(ARGV)
local state, lane, token, begun = job_get(id, 'state', 'lane', 'token', 'begun')
if not state then return {'unknown'} end
if state == 'finished' or state == 'delivered' or (token and begun == '1') then return {'too_late'} end
close(lane, id, outcome)
return {'cancelled', lane, claimable(lane, now())}

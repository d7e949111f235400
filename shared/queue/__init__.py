"""The queue of jobs in Redis: keys, atomic scripts, and the order in which jobs are claimed.

    accept ─▶ prepare stage ─claim─▶ promote ─▶ generate stage ─claim─▶ start_call ─▶ finish ─▶ mark_delivered
                  ▲            │                      ▲           │         │
                  └────────────┘ lease expired        └───────────┘         └─ lease expired: it is unknown whether
                                                      released, or             the call ran; it is repeated once,
                                                      lease expired            then the job fails

Redis is the only truth about a job. Celery's tickets name no job: a ticket says that there is work, and the claim
decides which. In each stage a job is in `queued:…` until it is claimed; it is ready (`ready:…`), blocked on a slot
(`blocked:…`) or delayed (`delayed:…`). A prepared job of a guild whose queue is paused is parked (`parked:…`), in no
queue at all: the script that pauses it makes every later claim park what it would have taken, so nothing has to be
searched. When the guild is resumed, its parked jobs enter the queue as if they had just arrived, in the order in which
they were accepted: they share it with the others from then on, and do not claim all the turns that they missed.

Order is start-time fair queueing: a job's start tag is the finish tag of its tenant's previous job, or the virtual time
if that is later; its finish tag is its start tag plus its cost. A claim takes the ready job with the lowest start tag,
and the virtual time becomes that tag.

A job needs a slot in each scope that limits how many run: its user, its channel, its guild. A claim takes the slots in
this order. At the first scope without a free one the job is blocked; it keeps the slots that it has. A slot that
becomes free, however its holder left, goes to the blocked job with the lowest start tag. So each job is looked at once
for each scope at most, and no job starves: one whose user and guild never have a free slot at the same moment gets one,
then the other. The price is that a job that waits for its channel has one slot of its user's meanwhile.

A claim gives a lease, which its worker renews; the sweep, which every worker runs each second, brings back jobs whose
lease expired. A call is recorded before it is made (start_call). A picture is stored even if its worker has lost the
lease: it was paid for. A cancel ends a job whose call has not started; its worker then finds the lease lost. All times
are those of Redis, so that the clocks of other hosts do not matter. If Redis's clock is set back, the queue's own clock
continues; if it jumps forward, every worker has the length of a lease to renew its leases.

A worker that did not receive a reply gives its claim tokens back (unclaim): jobs that were leased under them return to
their place, as if never claimed. A job whose workers died is kept with its picture as a dead letter for the operator.
Scripts that end or keep running jobs write even if Redis has reached maxmemory; those that add jobs do not.

A picture is pushed to `incoming_picture` in the same transaction as the script that stores it. If Redis is too full for
that, a worker sends the picture as arguments of the script, which are not refused.
"""

"""The ledger of jobs in Redis: names of keys, atomic scripts, and the life of a job.

    accepted ──▶ preparing lane ──claim──▶ prepared ──▶ generate lane ──claim──▶ begun ──finish──▶ outcome ──▶ delivered
                      ▲   │                                 ▲   │                  │
                      └───┘ lease expired                   └───┘ released, or     └─ lease expired: the call's fate is
                                                            lease expired             unknown; one repeat, then failed

The truth is here and nowhere else. Celery carries tickets that name no job: a ticket says "there is work", and the
claim decides which. A job waits in `waiting:<lane>:<model>` (prepare has the one model `-`), scored by its virtual
start: `start = max(clock, finish of its flow)`, `finish = start + cost`; the clock is the start of the last job claimed
(start-time fair queueing).

A job needs a turn in each scope that limits how many run: its person, its channel, its guild. A claim takes them in
this order; at the first scope that is full the job is parked in `parked:<lane>:<scope>` and keeps the turns it has. A
turn that becomes free, however its holder left, goes to the job of the earliest start that is parked for it. So a claim
never scans past those who may not run more than once a scope, and none waits for ever: a job whose person and guild
are never free at the same moment gets one turn, then the other. The price is that who waits for a full channel has one
turn of their own less meanwhile.

A claim gives a lease that its worker renews; the sweep, run by every worker on a timer, brings back what expired. A
call is recorded before it starts (`begin`). A finish is taken even from a worker that lost its lease: what was paid
for is not thrown away. A cancel ends what has no call begun: its worker finds the lease lost. All times are Redis's
own clock, in milliseconds, so that no two machines can disagree. Where that is set back, the ledger's goes on; where it
jumps forward, every worker has the time of a lease to renew what it holds.

A worker that could not hear Redis's answer disowns its tokens: what was leased under them waits again at its old place,
as if never claimed. A job whose workers died is set aside in `dead:<id>` with its picture, for the operator. Scripts
that end or keep what runs write though Redis is full; those that take on more do not.

A picture comes in one transaction with the script that keeps it, under the name `arriving`, which is gone with it.
Where Redis is too full for that, what runs sends its picture once more as the script's argument, which is not refused.
"""

"""The tables of the database. Times are Unix seconds, ids are Discord's snowflakes.

    jobs ──1:n── queue_entries       one row each time the job is queued; a second one after Redis lost the first
      ├────1:1── outcomes            how the job ended and what it cost
      ├────1:1── thumbnails          its result scaled down, stored when an overview first needs it
      ├────1:1── undelivered_images  its result, if no Discord message could carry it
      ├────1:n── result_hashes       the hashes of its result and of smaller copies of it
      ├────n:1── source_images       the image it starts from, shared by all jobs of the same upload
      ├────1:n── favourites          the people who marked its result
      └────1:1── favourite_counts    how many they are
    explorations                     one message each; their variants are jobs
    ledger_entries                   what was reserved and spent, only ever added to
    budgets ──1:n── budget_counters  the limits of guilds, and what was used of each in a period
    queue_epoch                      one row, compared with Redis's
    user_preferences, guild_settings
    data_deletions                   people whose data is being deleted
    blocks, word_rules, reports      whom moderators blocked, words that a guild refuses, results that members reported
    audit_entries                    what moderators and managers did
    gallery_settings                 where a guild shows its best results, and which
    gallery_posts                    one row for each result that is, was, or is to be in a gallery
    notices                          messages that wait to be posted in a guild's channel
    contests ──1:n── round_entries   contests of pictures; an entry is a job
      ├────1:n── round_ballots       the open vote: who chose what, until it is counted
      ├────1:n── round_participants  who takes turns in a relay
      ├────1:n── round_reminders     who asked to be reminded
      └────1:n── round_messages      its messages, sent or to be sent
    teams                            roles that share turns, a budget and settings
    team_choices                     for which team a member asks
    batches ──1:n── batch_items      a team's work in one submission; an item has one job after the other
      ├────1:n── batch_images        the pictures that items start from
      ├────1:1── batch_previews      the rows that were left out, and why
      ├────1:n── batch_results       the pictures that were made
      └────1:n── batch_sheets        its messages with nine items each
    presets                          named settings of a person or a guild
    style_sets ──1:n── style_pictures  reference pictures of a person or a guild under a name
    backups                          one row: the last backup
    stored_format                    one row: the format of all of this

A migration only adds. A column that a release no longer reads is dropped by the release after it, so that each release
works with the schema of the next.
"""

from bot.storage.tables.batches import (
    IS_PENDING_ITEM,
    batch_images,
    batch_items,
    batch_previews,
    batch_results,
    batch_sheets,
    batches,
)
from bot.storage.tables.galleries import gallery_posts, gallery_settings
from bot.storage.tables.guilds import audit_entries, blocks, guild_settings, notices, reports, word_rules
from bot.storage.tables.jobs import (
    IS_OPEN_JOB,
    OPEN_STATES,
    RecordState,
    backups,
    explorations,
    favourite_counts,
    favourites,
    jobs,
    outcomes,
    queue_entries,
    queue_epoch,
    result_hashes,
    source_images,
    stored_format,
    thumbnails,
    undelivered_images,
)
from bot.storage.tables.metadata import metadata
from bot.storage.tables.money import budget_counters, budgets, ledger_entries
from bot.storage.tables.people import (
    IS_OF_GUILD,
    IS_PERSONAL,
    data_deletions,
    presets,
    style_pictures,
    style_sets,
    user_preferences,
)
from bot.storage.tables.rounds import (
    contests,
    round_ballots,
    round_entries,
    round_messages,
    round_participants,
    round_reminders,
)
from bot.storage.tables.teams import team_choices, teams

__all__ = [
    "IS_OF_GUILD",
    "IS_OPEN_JOB",
    "IS_PENDING_ITEM",
    "IS_PERSONAL",
    "OPEN_STATES",
    "RecordState",
    "audit_entries",
    "backups",
    "batch_images",
    "batch_items",
    "batch_previews",
    "batch_results",
    "batch_sheets",
    "batches",
    "blocks",
    "budget_counters",
    "budgets",
    "contests",
    "data_deletions",
    "explorations",
    "favourite_counts",
    "favourites",
    "gallery_posts",
    "gallery_settings",
    "guild_settings",
    "jobs",
    "ledger_entries",
    "metadata",
    "notices",
    "outcomes",
    "presets",
    "queue_entries",
    "queue_epoch",
    "reports",
    "result_hashes",
    "round_ballots",
    "round_entries",
    "round_messages",
    "round_participants",
    "round_reminders",
    "source_images",
    "stored_format",
    "style_pictures",
    "style_sets",
    "team_choices",
    "teams",
    "thumbnails",
    "undelivered_images",
    "user_preferences",
    "word_rules",
]

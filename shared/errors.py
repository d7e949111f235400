"""The base of every exception that the bot, the worker and `shared` define.

    PentimentoError
    ├── InvalidSettingsError            shared.settings
    ├── InvalidAddressError             shared.addresses.splitting (also a ValueError)
    ├── InvalidEnvFileError             shared.env_file
    ├── SecretFileError                 shared.secret_files
    ├── UnsupportedFormatError          shared.stored_format
    ├── UnsupportedServerError          shared.queue.server_mode
    ├── PictureStorageError             shared.pictures.reference
    ├── RejectedError                   shared.problems
    │   ├── BudgetExceededError         bot.domain.budgets
    │   └── UnsupportedSyntaxError      bot.submission.foreign_syntax
    ├── ImageRejectedError              shared.imaging.limits (also a ValueError)
    ├── StartupError                    bot.lifecycle
    ├── DatabaseSetupError              bot.storage.engine
    ├── DatabaseTimeoutError            bot.domain.outages (also a TimeoutError)
    ├── NotChargedError                 bot.storage.budget_charges
    ├── PartitionLostError              bot.domain.errors
    ├── QueueUnavailableError           bot.domain.errors
    ├── QueueResultUnknownError         bot.domain.errors
    ├── KeysInUseError                  bot.queue.key_mover
    ├── UnreadableSessionError          bot.discord_client.gateway_events
    ├── DestinationForbiddenError       bot.delivery.discord_errors
    ├── RejectedRowsError               bot.batch_submission
    ├── MissingFileError                bot.batch_command
    ├── PostponedError                  bot.features.gallery.poster
    ├── SliceEndedError                 bot.features.privacy.deleter
    ├── NonPublicAddressError           bot.submission.attachments (also an OSError)
    ├── BackupError                     bot.domain.backups
    ├── BedrockCallError                worker.call_result
    ├── QueueUnavailableError           worker.ports
    │   └── UnreadableReferenceError    worker.queue.pictures
    ├── SlotMovedError                  worker.queue.connection (also a redis.ConnectionError)
    ├── GuardrailError                  worker.ports
    │   └── UncheckedResultError        worker.picture_checks
    ├── DeadlineExceededError           worker.bedrock.deadline
    ├── InvalidResponseError            worker.bedrock.json_body
    └── CommandError                    worker.cli.command
        └── UsageError                  worker.cli.command

The demo does not import the product and has a base of its own.
"""


class PentimentoError(Exception):
    """Something failed in a way that the code that raises it foresees."""

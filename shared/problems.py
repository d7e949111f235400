"""Everything that can go wrong for a person or an operator, each a code with facts and a sentence in three beats.

The English sentence stands here: what happened, why, what to do. Other languages are files of the bot that hold
the same codes. Who acts next decides how an error is treated:

    PERSON    the one who asked can mend it: reword, pick another picture, leave an option out
    TIME      nobody needs to act, it passes
    OPERATOR  whoever runs the bot must act; the person is told so
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from shared.errors import PentimentoError

Fact = str | int | float


class Actor(StrEnum):
    """Who has to act before the same thing can succeed."""

    USER = "person"
    NOBODY = "time"
    OPERATOR = "operator"


_USER_MESSAGES: Mapping[str, str] = {
    # the request
    "model_unknown": "There is no model called “{value}” here. The models are: {models}. Choose one of them.",
    "field_unsupported": "{model} has no “{field}”. {models} has it. Leave “{field}” out, or choose {models}.",
    "field_unsupported_anywhere": "{model} has no “{field}”. No model here has it. Leave “{field}” out.",
    "out_of_range": "“{field}” is {value}. {model} takes {minimum} to {maximum}. Choose a number in between.",
    "not_a_number": "“{field}” is “{value}”. That is no finite number. Write one with plain digits.",
    "not_a_choice": "“{field}” is “{value}”. {model} knows: {choices}. Choose one of them.",
    "prompt_empty": "The prompt is empty. The model paints what the words say. Write at least one word.",
    "prompt_part_empty": "Part {number} of the prompt is empty. Each part between “|” needs words before its weight. "
    "Fill it or take the “|” away; a literal one is written “\\|”.",
    "prompt_too_long": "The {field} has a part of {length} characters. {model} reads {limit}. Trim it and ask again.",
    "weight_not_a_number": "“{value}” stands where a weight belongs. After “::” comes a finite number, as in "
    "“castle::1.2”. Write a number, or “\\::” for a literal one.",
    "weight_unsupported": "“{text}” has the weight {value}. {model} knows only 1 (wanted) and -1 (unwanted). "
    "Take the weight away, or choose {models}.",
    "prompt_only_negative": "The prompt says only what to avoid. {model} needs something to paint. "
    "Write what you want to see, too.",
    "picture_required": "There is no picture. {model} changes a picture and cannot paint from words alone. "
    "Attach one, or choose a model that can.",
    "picture_unsupported": "{model} paints from words alone. It cannot read a picture. "
    "Leave the picture out, or choose {models}.",
    "picture_only_option": "“{field}” was given without a picture. It says how a picture is used. "
    "Attach a picture, or leave “{field}” out.",
    "text_only_option": "“{field}” was given with a picture. The result takes the picture's own shape. "
    "Leave “{field}” or the picture out.",
    "fit_unsupported": "“{field}” was given. {model} leaves a picture its own shape. Leave “{field}” out.",
    "mode_conflict": "“{field}” does not go with the mode {mode}. It belongs to {other}. "
    "Leave “{field}” out, or choose the mode {other}.",
    "schedule_order": "The step schedule starts at {start} and ends at {end}. It runs downwards. "
    "Choose an end below the start.",
    "extras_forbidden": "“extras” was given. This bot's operator has not opened it to you. Leave it out.",
    "extras_not_object": "“extras” is not a JSON object: {detail}. The model reads only an object. "
    'Write something like {{"name": 1}}.',
    "extras_too_large": "“extras” has {length} characters. This bot takes {limit}. Shorten it.",
    "extras_too_deep": "“extras” is nested {depth} levels deep. This bot takes {limit}. Flatten it.",
    # the attachment
    "attachment_too_large": "The picture has {size}. The limit here is {limit}. Attach a smaller one.",
    "attachment_host": "The picture is at {host}. This bot reads only from Discord's own servers. "
    "Attach the picture to the command instead.",
    "attachment_type": "The file is not a picture this bot knows. Its bytes are none of {types}. "
    "Save it as PNG or JPEG and attach that.",
    "attachment_empty": "The attached file is empty. There is nothing to paint from. Attach the picture again.",
    "attachment_gone": "The picture could not be fetched. Discord no longer has it. Attach it again.",
    "attachment_unreachable": "The picture could not be fetched in time. Discord's file server did not answer. "
    "Ask again in a moment.",
    # the picture, found while preparing it
    "picture_unreadable": "The picture could not be read. Its data is damaged or not what it claims to be. "
    "Save it again as PNG or JPEG and attach that.",
    "picture_unsupported_type": "The picture's format is not read here. PNG, JPEG, WebP, GIF, AVIF and HEIC are. "
    "Save it as PNG or JPEG and attach that.",
    "picture_too_many_pixels": "The picture is {width} × {height} pixels. At most {limit} are read here. "
    "Scale it down and attach that.",
    "picture_too_many_chunks": "The picture's file is made of too many pieces. More than {limit} are not read here. "
    "Save it again and attach that.",
    "picture_too_large": "The picture has {size}. At most {limit} are read here. Attach a smaller one.",
    "picture_too_small": "The picture is {width} × {height} pixels. The model needs at least {limit} on each side. "
    "Attach a larger one.",
    "picture_too_narrow": "The picture is {width} × {height} pixels. The model takes none that is more than "
    "{limit} times as long as wide. Crop it and attach that.",
    "picture_truncated": "The picture ends in the middle. Its upload or download was cut off. Attach it again.",
    "picture_too_slow": "The picture took too long to read. More than {limit} s are not spent on one. "
    "Save it as a plain JPEG and attach that.",
    "picture_heif_missing": "The picture is HEIC. This bot runs without the library that reads it. "
    "Save it as JPEG and attach that, or ask the operator for pi-heif.",
    "no_longer_kept": "The picture you attached is gone. It waited longer than pictures are kept. "
    "Ask again with it attached.",
    "forgotten": "The picture was not made. The queue lost its memory, and the picture you attached can no longer be "
    "fetched. Ask again with it attached.",
    # the queue
    "too_many_waiting": "You have {count} requests waiting. At most {limit} may wait for one person. "
    "Ask again when one is done.",
    "cancelled": "The picture was not made. {name} cancelled it before it was painted. "
    "Ask again if you want it after all.",
    # going on from a result
    "job_unknown": "There is nothing to go on from. Neither the bot's records nor the picture say how it was made. "
    "Use /imagine with the picture attached.",
    "source_gone": "The picture this started from is gone. It was kept longer ago than this bot keeps them. "
    "Use the result as the source, or /imagine with the picture attached.",
    "result_gone": "The picture is gone. Its message was deleted, or the bot may no longer read it. "
    "Use /imagine with the picture attached.",
    "not_yours_to_end": "This is somebody else's. Only its author and the server's moderators delete or cancel it. "
    "Ask one of them.",
    "not_deletable": "The message could not be deleted. Discord does not let the bot, perhaps because the thread is "
    "archived or locked. Write something there, or unlock it, and try again.",
    "too_long_to_edit": "The {field} has {length} characters. A form in Discord takes {limit}. "
    "Use /imagine, which takes more.",
    "upscale_unsupported": "This picture cannot be made larger. No upscaler here takes it, or it was made larger "
    "already. Use it as a source instead.",
    "not_yours": "This is somebody else's result. In this server only its author goes on from it. "
    "Use /imagine for one of your own.",
    "not_recorded": "This picture cannot be marked. The bot's records do not know it any more. "
    "Press Again for one that they know.",
    "picture_unsupported_anywhere": "No model here changes a picture. They all paint from words alone. "
    "Use /imagine without one.",
    "no_picture": "There is no picture in this message. This command starts from one that is attached or shown. "
    "Use it on a message with a picture, or use /imagine.",
    "nothing_written": "This picture does not say how it was made. Only PNG files of this bot do, and some "
    "programs take the words out. Use the command on the answer itself, or on the file as it was posted.",
    "draft_gone": "The form was open for too long. The picture it was about is remembered for an hour. "
    "Use the command on the message again.",
    "nothing_here": "“{field}” was given, and there is no picture to start from. No result stands in this thread. "
    "Attach a picture, or leave “{field}” out.",
    "source_unknown": "“{field}” is “{value}”. No picture of this thread is called that. "
    "Choose one from the list while typing.",
    "source_twice": "“{field}” was given with a picture attached. A picture starts from one. Leave either out.",
    "explore_count": "That would be {count} different pictures. An exploration has {least} to {most}. "
    "Name as many in “{field}”, or let something else differ.",
    "explore_gone": "Nothing was started. What is planned is remembered for an hour. Use /explore again.",
    "preset_unknown": "There is no preset called “{name}”. Neither you nor this server have one. "
    "Choose one from the list while typing.",
    "preset_code_unknown": "No preset has the code “{value}”. It was deleted, or the code is another. "
    "Ask for it again where you have it from.",
    "preset_taken": "You have a preset called “{name}” already. One name stands for one preset. "
    "Delete yours first with /presets.",
    "preset_full": "No more presets fit here. There may be {limit}. Delete one that is no longer used.",
    "preset_nameless": "The name shows nothing. A preset is found by its name. Write at least one letter.",
    "preset_of_nothing": "There is no result to take the settings of. None stands here, or it is not yours to see. "
    "Name one: a list comes while typing.",
    "preset_not_yours": "The server's presets stay as they are. Only who may manage the server changes them. "
    "Save one of your own, or ask them.",
    "direct_closed": "The answer has nowhere to go. You prefer private results, and your direct messages are closed to "
    "this bot. Open them in your privacy settings, or change it with /preferences.",
    # looking back
    "not_a_date": "“{value}” is no day. A day is written as year, month and day. Write one like 2026-11-22.",
    "show_unknown": "There is no such answer to show. The bot's records do not have it, or you cannot read where it "
    "stands. Choose one that is offered, or look for it with /history.",
    "show_not_yours": "This is somebody else's picture. Only its author shows it to everyone. "
    "Leave “public” out to see it yourself.",
    "show_nothing": "There is no answer to show. The request was refused, or is still being taken on. "
    "Ask again with /imagine, or look in a minute.",
    "export_running": "Your last export is still being put together. One of a person is made at a time. "
    "Ask again when its last part is here.",
    "search_gone": "This page cannot be turned any more. What was searched for is kept for a day. Use /history again.",
    "lineage_nothing": "There is no picture here. The command shows the family of a thread's latest picture. "
    "Use it in a thread that has one, or name a job.",
    "lineage_unknown": "That job is not known here. It never was, or it is of another server or of direct messages. "
    "Look up its number in the picture's details.",
    # the model's answer
    "not_accepted": "{model} did not accept the request. It said: {detail}. "
    "Change the options or the picture and ask again.",
}

_TRANSIENT_MESSAGES: Mapping[str, str] = {
    "too_many_waiting_channel": "This channel's queue is full. {count} of at most {limit} requests wait here. "
    "Ask again when some are done, or in another channel.",
    "too_many_waiting_guild": "This server's queue is full. {count} of at most {limit} requests wait here. "
    "Ask again when some are done.",
    "too_often_user": "You ask too fast. This bot takes at most {limit} a minute from one person. "
    "Ask again in {seconds} s.",
    "too_often_channel": "This channel asks too fast. This bot takes at most {limit} a minute from one channel. "
    "Ask again in {seconds} s, or in another channel.",
    "too_often_guild": "This server asks too fast. This bot takes at most {limit} a minute from one server. "
    "Ask again in {seconds} s.",
    "no_room": "The queue is full. There is no room for another picture just now. Ask again in a few minutes.",
    "records_unavailable": "The request could not be taken on. The bot's records cannot be written just now. "
    "Nothing was charged; ask again in a minute.",
    "queue_unreachable": "The request could not be queued. The queue takes nothing from this bot. "
    "Nothing was charged; tell whoever runs it.",
    "queue_away": "That could not be done. The queue does not answer. Try again in a minute.",
    "not_in_time": "That could not be looked up in time. The bot's records, its queue or Discord did not answer. "
    "Try again in a moment.",
    "discord_away": "That could not be done. Discord does not answer as it should. Try again in a minute.",
    "export_busy": "The export was not begun. Others are being put together. Ask again in a few minutes.",
    "quota_exceeded": "The picture was not made. The operator's AWS account reached its limit for {model}. "
    "Ask again later.",
    "busy": "The picture was not made. {model} stayed busy for too long. Ask again later.",
    "model_timeout": "The picture was not made. {model} took too long. Ask again, perhaps with a simpler prompt.",
    "model_error": "The picture was not made. {model} failed on this request. Ask again, or try another picture.",
    "provider_error": "The picture was not made. Amazon Bedrock had a fault of its own. Ask again later.",
    "unreachable": "The picture was not made. Amazon Bedrock could not be reached. Ask again later.",
    "deadline": "The picture was not made. No whole answer came within {limit} s. Ask again later.",
    "bad_answer": "The picture was not made. {model} answered with something that is not a picture ({detail}). "
    "Ask again.",
    "lost": "The picture was not made. The work was interrupted twice and its fate is unknown. Ask again.",
    "gave_up": "The picture was not made. It was tried {count} times and the worker stopped each time. "
    "Ask again, perhaps with another picture.",
}

_OPERATOR_MESSAGES: Mapping[str, str] = {
    "permissions_missing": "The bot may not answer in this channel. It lacks: {permissions}. "
    "Ask a server admin to grant them to the bot here.",
    "access_denied": "The picture was not made. The bot's AWS account has no access to {model}. "
    "The operator was told; choose another model meanwhile.",
    "model_gone": "The picture was not made. {model} is no longer available on Amazon Bedrock. "
    "Choose another model; the operator was told.",
    "model_withdrawn": "The picture was not made. Amazon Bedrock no longer gives {model} to this bot. "
    "Choose {models} instead; the operator was told.",
    "model_off": "{model} is switched off. {reason} Choose another model; the operator was told.",
    "credentials": "The picture was not made. Amazon Bedrock refused the bot's AWS credentials. "
    "The operator was told; ask again later.",
    "misconfigured": "The picture was not made. The bot is not set up right ({detail}). "
    "The operator was told; ask again later.",
    "internal": "The picture was not made. The bot has a fault of its own. The operator's log has the details. "
    "Ask again.",
}

MESSAGES: Mapping[str, str] = MappingProxyType({**_USER_MESSAGES, **_TRANSIENT_MESSAGES, **_OPERATOR_MESSAGES})


class Problem(BaseModel):
    """One thing that is wrong: a code of `SENTENCES` and the facts its sentence names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    facts: dict[str, Fact] = {}

    @property
    def actor(self) -> Actor:
        if self.code in _USER_MESSAGES:
            return Actor.USER
        return Actor.NOBODY if self.code in _TRANSIENT_MESSAGES else Actor.OPERATOR

    def format_message(self, messages: Mapping[str, str] = MESSAGES) -> str:
        """The three beats, in English or in the language of the given sentences."""
        return messages[self.code].format(**self.facts)


def make_problem(code: str, **facts: Fact) -> Problem:
    """A problem of this code; its facts are named at the call."""
    return Problem(code=code, facts=facts)


class RejectedError(PentimentoError):
    """A request that cannot be done, with all that is wrong with it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(" ".join(p.format_message() for p in problems))
        self.problems = problems

"""How both halves, and Celery between them, speak to Redis: every command has a deadline.

Each of Celery's values was measured: early acknowledgement and no prefetch lose no ticket that the sweep would not
send again, and run nothing twice when a connection breaks.
https://docs.celeryq.dev/en/stable/userguide/configuration.html
"""

from types import MappingProxyType
from typing import Any

from shared.queue.keys import CELERY_KEY_PREFIX

CONNECTION_OPTIONS: MappingProxyType[str, Any] = MappingProxyType(
    {"socket_connect_timeout": 3, "socket_timeout": 10, "socket_keepalive": True, "health_check_interval": 15}
)
"""Keywords of a pool's connections, in seconds. https://redis.readthedocs.io/en/stable/connections.html"""

COMMAND_RETRIES = 2
"""How often a command is sent again when the connection broke; the scripts may be run twice."""

CELERY_CONFIG: MappingProxyType[str, Any] = MappingProxyType(
    {
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_protocol": 2,
        "task_acks_late": False,
        "task_create_missing_queues": True,
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_connection_timeout": 4,
        "task_publish_retry_policy": {"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5},
        "broker_transport_options": {
            "visibility_timeout": 120,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "max_connections": 64,
            "socket_connect_timeout": 3,
            "socket_timeout": 10,
            "socket_keepalive": True,
            "health_check_interval": 10,
            "global_keyprefix": CELERY_KEY_PREFIX,
        },
    }
)

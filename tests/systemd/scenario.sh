#!/bin/bash
# What an operator does after the installation; each line of the output says what holds, or what does not.
exec > "$1" 2>&1

expect() {
    local sentence=$1
    shift
    for _ in $(seq 40); do
        if "$@" > /run/last 2>&1; then echo "ok: $sentence"; return; fi
        sleep 0.5
    done
    echo "FAILED: $sentence"
    cat /run/last
}
is() { [ "$(systemctl show --property "$2" --value "$1")" = "$3" ]; }
has() { "${@:2}" 2>&1 | tee /dev/stderr | grep --quiet "$1"; }
lacks() { ! grep --quiet "$1" "$2"; }

install -d -m 700 /etc/pentimento
cat > /etc/pentimento/bot.env <<'SETTINGS'
REDIS_URL=redis://127.0.0.1:6379/0
DISCORD_API_URL=http://127.0.0.1:9/api/v10
SETTINGS
printf 'REDIS_URL=redis://127.0.0.1:6379/0\n' > /etc/pentimento/worker.env
printf 'HTTP_ADDRESS=127.0.0.1:9108\n' > /etc/pentimento/worker-1.env
printf %s planted.discord.token > /etc/pentimento/discord_token
printf %s planted-key-id > /etc/pentimento/aws_access_key_id
printf %s planted-aws-key > /etc/pentimento/aws_secret_access_key
systemctl start redis-server

systemctl start pentimento-worker@1
expect "a worker is ready" curl --fail --silent http://127.0.0.1:9108/readyz
worker=$(systemctl show --property MainPID --value pentimento-worker@1)
expect "it has no capabilities" has '^CapBnd:.0000000000000000' cat "/proc/$worker/status"
expect "its system calls are filtered" has '^Seccomp:.2' cat "/proc/$worker/status"
expect "its environment has no key" lacks planted "/proc/$worker/environ"
expect "a command has its keys and its Redis" has '^ok .*redis.round' pentimento worker doctor

kill -TERM "$worker"
expect "a worker that ends with 0 is started again" is pentimento-worker@1 NRestarts 1
expect "and is ready again" curl --fail --silent http://127.0.0.1:9108/readyz
systemctl stop pentimento-worker@1
expect "it stops in order" is pentimento-worker@1 Result success
echo LEASE_SECONDS=nonsense >> /etc/pentimento/worker.env
systemctl start pentimento-worker@1
expect "wrong settings end it with 2" is pentimento-worker@1 ExecMainStatus 2
sleep 4
expect "and it stays down" is pentimento-worker@1 ActiveState failed

expect "a command of the bot has its token and a database that it may write" \
    has '^ok .*database.write' pentimento bot doctor
systemctl start pentimento-bot
expect "a bot without Discord is started again" is pentimento-bot NRestarts 1
expect "nobody but its user reads its database" has '^[1-9][0-9]* 600$' stat --format '%u %a' /var/lib/private/pentimento/pentimento.db
systemctl stop pentimento-bot
echo "the end"
systemctl poweroff --force --force > /dev/null 2>&1

// What the page knows: changed by loading and by events only, and heard by the views that show it.

const THREADS = new Set([10, 11, 12])
const SILENT = 1 << 12
export const isThread = (channel) => THREADS.has(channel?.type)
export const isDirect = (channel) => channel?.type === 1
export const isLoading = (message) => Boolean(message.flags & 128)
export const isEphemeral = (message) => Boolean(message.flags & 64)
export const isV2 = (message) => Boolean(message.flags & (1 << 15))
export const displayName = (user) => user?.global_name || user?.username || 'Unknown user'

/** Snowflakes compare by length, then by digits. */
const isAfter = (id, other) => !other || id.length > other.length || (id.length === other.length && id > other)
export const byId = (a, b) => (a.id === b.id ? 0 : isAfter(a.id, b.id) ? 1 : -1)

export class State extends EventTarget {
  users = new Map()
  channels = new Map()
  messages = new Map()
  stale = new Set()
  journals = new Set()
  latest = new Map()
  unread = new Set()
  pings = new Map()
  open = new Set()
  guilds = new Map()
  commands = {}
  presses = new Map()
  chosen = new Map()
  dismissed = new Set(JSON.parse(sessionStorage.getItem('dismissed') ?? '[]'))

  changed(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }))
  }

  on(what, listener) {
    this.addEventListener(what, (event) => listener(event.detail))
  }

  load({ me, users, guilds, channels, application, commands, me_locale }) {
    Object.assign(this, { me, application, commands, locale: me_locale })
    this.guilds = new Map(guilds.map((guild) => [guild.id, guild]))
    this.users = new Map([...users, application.bot].map((user) => [user.id, user]))
    this.channels = new Map(channels.map((channel) => [channel.id, channel]))
    this.stale = new Set(this.messages.keys())
    this.changed('channels')
    this.changed('commands')
  }

  /** The name of a channel as lists show it: direct messages are the application's. */
  nameOf(channel) {
    return isDirect(channel) ? displayName(this.application.bot) : channel.name
  }

  /** A channel's name with the sign that says what it is. */
  placeOf(channel) {
    return `${isThread(channel) ? '' : isDirect(channel) ? '@' : '#'}${this.nameOf(channel)}`
  }

  /** The commands of the application that this person may use in a channel. */
  commandsIn(channelId) {
    return this.commands[this.channels.get(channelId)?.guild_id ?? '@me'] ?? []
  }

  /** Whether a message rings for this person: it calls them or is a direct message, and was not sent silently. */
  rings(message) {
    return !(message.flags & SILENT) && (this.calls(message) || isDirect(this.channels.get(message.channel_id)))
  }

  get roles() {
    return [...this.guilds.values()].flatMap(({ roles }) => roles)
  }

  /** Whether a message calls this person: by name, as the one it answers, or with everyone. */
  calls(message) {
    return Boolean(message.mention_everyone || message.mentions?.some(({ id }) => id === this.me.id))
  }

  /** Whether a channel's messages are still to be fetched, or were fetched before the last load. */
  lacks(channel) {
    return !this.messages.has(channel) || this.stale.has(channel)
  }

  /** Begin to fetch the messages of a channel: what events change meanwhile is kept, as the answer may be older. */
  startLoading(channel) {
    const journal = { channel, changes: [] }
    this.journals.add(journal)
    return journal
  }

  /** The fetch ended, with or without an answer. */
  stopLoading(journal) {
    this.journals.delete(journal)
  }

  loadMessages({ channel, changes }, list) {
    this.stale.delete(channel)
    const known = new Map(list.map((message) => [message.id, message]))
    for (const [id, message] of changes) message ? known.set(id, message) : known.delete(id)
    this.messages.set(channel, known)
    list.forEach((message) => this.note(message))
    this.listed(channel)
  }

  keepChange(channel, id, message) {
    for (const journal of this.journals) if (journal.channel === channel) journal.changes.push([id, message])
  }

  /** Messages of a channel, oldest first, without those this user dismissed; undefined before they are loaded. */
  list(channel) {
    const known = this.messages.get(channel)
    return known && [...known.values()].filter(({ id }) => !this.dismissed.has(id))
  }

  find(channel, id) {
    return this.messages.get(channel)?.get(id)
  }

  /** The thread under a message: it has the message's id. */
  threadOf(message) {
    return this.channels.get(message.id)
  }

  put(message) {
    this.messages.get(message.channel_id)?.set(message.id, message)
    this.keepChange(message.channel_id, message.id, message)
    this.note(message)
    this.listed(message.channel_id)
  }

  /** A channel's messages changed; the card of a thread in its parent shows the last of them. */
  listed(channel) {
    this.changed('messages', channel)
    const parent = this.channels.get(channel)?.parent_id
    if (parent) this.changed('messages', parent)
  }

  note(message) {
    for (const user of [message.author, ...(message.mentions ?? []), message.interaction_metadata?.user]) {
      if (user && !this.users.has(user.id)) this.users.set(user.id, user)
    }
    const last = this.latest.get(message.channel_id)
    if (!message.local && !isEphemeral(message) && (!last || byId(last, message) <= 0)) this.latest.set(message.channel_id, message)
  }

  drop(channel, id) {
    this.messages.get(channel)?.delete(id)
    this.keepChange(channel, id)
    if (this.latest.get(channel)?.id === id) this.latest.delete(channel)
    this.listed(channel)
  }

  /** Hide a message for this tab: what "Dismiss message" does with an ephemeral one. */
  dismiss(message) {
    this.dismissed.add(message.id)
    sessionStorage.setItem('dismissed', JSON.stringify([...this.dismissed]))
    this.changed('messages', message.channel_id)
  }

  /** Note that a component of a message was pressed ('pending' | 'failed' | undefined when it is over). */
  press(message, state) {
    if (state) this.presses.set(message.id, state)
    else this.presses.delete(message.id)
    this.changed('messages', message.channel_id)
  }

  apply({ t, d }) {
    if (t === 'MESSAGE_CREATE') this.created(d)
    else if (t === 'MESSAGE_UPDATE') this.updated(d)
    else if (t === 'MESSAGE_DELETE') this.deleted(d)
    else if (t === 'THREAD_DELETE' || t === 'CHANNEL_DELETE') this.closed(d)
    else if (t.startsWith('THREAD_') || t.startsWith('CHANNEL_')) this.opened(d)
    else if (t === 'APPLICATION_COMMANDS_UPDATE') {
      this.commands = d.commands
      this.changed('commands')
    }
  }

  created(message) {
    const channel = this.channels.get(message.channel_id)
    if (channel && !isEphemeral(message) && isAfter(message.id, channel.last_message_id)) this.count(channel, 1, message.id)
    this.put(message)
    if (!this.open.has(message.channel_id) && message.author.id !== this.me.id) {
      this.unread.add(message.channel_id)
      if (this.rings(message)) this.pings.set(message.channel_id, (this.pings.get(message.channel_id) ?? 0) + 1)
    }
    this.changed('arrived', message)
    this.changed('channels')
  }

  /** The messages of a channel were seen. */
  read(channel) {
    this.unread.delete(channel)
    this.pings.delete(channel)
  }

  /** Keep a thread's count true: the events tell messages, not counts. */
  count(channel, step, last = channel.last_message_id) {
    this.channels.set(channel.id, { ...channel, last_message_id: last, message_count: (channel.message_count ?? 0) + step })
  }

  deleted({ id, channel_id: channelId }) {
    const channel = this.channels.get(channelId)
    const message = this.find(channelId, id)
    if (channel && !(message && isEphemeral(message))) this.count(channel, -1)
    this.drop(channelId, id)
  }

  updated(message) {
    for (const key of this.chosen.keys()) if (key.startsWith(`${message.id}:`)) this.chosen.delete(key)
    const before = this.find(message.channel_id, message.id)
    this.put(message)
    if (before && isLoading(before) && !isLoading(message)) this.changed('arrived', message)
  }

  opened(channel) {
    if (!channel.id) return
    this.channels.set(channel.id, { ...this.channels.get(channel.id), ...channel })
    this.changed('channels')
    if (channel.parent_id) this.changed('messages', channel.parent_id)
  }

  closed({ id, parent_id }) {
    this.channels.delete(id)
    this.messages.delete(id)
    this.changed('channels')
    if (parent_id) this.changed('messages', parent_id)
  }
}

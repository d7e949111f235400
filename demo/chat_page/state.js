// The page's state. Only loading and events change it; views listen to its changes.

const THREADS = new Set([10, 11, 12])
const SILENT = 1 << 12
export const isThread = (channel) => THREADS.has(channel?.type)
export const isDirect = (channel) => channel?.type === 1
export const isLoading = (message) => Boolean(message.flags & 128)
export const isEphemeral = (message) => Boolean(message.flags & 64)
export const isV2 = (message) => Boolean(message.flags & (1 << 15))
export const displayName = (user) => user?.global_name || user?.username || 'Unknown user'

/** The pictures of a message: those of its galleries or, if there are none, its attachments. */
export function pictures({ attachments = [], components = [] }) {
  const within = (parts) => parts.flatMap((part) => [...(part.items ?? []), ...within(part.components ?? [])])
  const shown = within(components)
  return shown.length ? shown : attachments
}

/** Snowflakes are compared by length, then by digits. */
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

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }

  on(type, listener) {
    this.addEventListener(type, (event) => listener(event.detail))
  }

  load({ me, users, guilds, channels, application, commands, me_locale }) {
    Object.assign(this, { me, application, commands, locale: me_locale })
    this.guilds = new Map(guilds.map((guild) => [guild.id, guild]))
    this.users = new Map([...users, application.bot].map((user) => [user.id, user]))
    this.channels = new Map(channels.map((channel) => [channel.id, channel]))
    this.stale = new Set(this.messages.keys())
    this.emit('channels')
    this.emit('commands')
  }

  /** The name of a channel; direct messages have the bot's name. */
  nameOf(channel) {
    return isDirect(channel) ? displayName(this.application.bot) : channel.name
  }

  /** A channel's name with the prefix for its type. */
  labelOf(channel) {
    return `${isThread(channel) ? '' : isDirect(channel) ? '@' : '#'}${this.nameOf(channel)}`
  }

  /** The commands that this user may use in a channel. */
  commandsIn(channelId) {
    return this.commands[this.channels.get(channelId)?.guild_id ?? '@me'] ?? []
  }

  /** Whether a message notifies this user: a mention or a direct message, unless sent silently. */
  shouldNotify(message) {
    return !(message.flags & SILENT) && (this.mentionsMe(message) || isDirect(this.channels.get(message.channel_id)))
  }

  get roles() {
    return [...this.guilds.values()].flatMap(({ roles }) => roles)
  }

  /** Whether a message mentions this user: by name, by a reply, or with @everyone. */
  mentionsMe(message) {
    return Boolean(message.mention_everyone || message.mentions?.some(({ id }) => id === this.me.id))
  }

  /** Whether a channel's messages have not been fetched since the last load. */
  needsLoading(channel) {
    return !this.messages.has(channel) || this.stale.has(channel)
  }

  /** Start fetching the messages of a channel: changes by events are recorded meanwhile, as the response may be older. */
  startLoading(channel) {
    const journal = { channel, changes: [] }
    this.journals.add(journal)
    return journal
  }

  /** Stop recording after the fetch, whether it succeeded or not. */
  stopLoading(journal) {
    this.journals.delete(journal)
  }

  loadMessages({ channel, changes }, list) {
    this.stale.delete(channel)
    const known = new Map(list.map((message) => [message.id, message]))
    for (const [id, message] of changes) message ? known.set(id, message) : known.delete(id)
    this.messages.set(channel, known)
    list.forEach((message) => this.indexMessage(message))
    this.notifyMessagesChanged(channel)
  }

  recordChange(channel, id, message) {
    for (const journal of this.journals) if (journal.channel === channel) journal.changes.push([id, message])
  }

  /** The messages of a channel, oldest first, without dismissed ones; undefined until they are loaded. */
  list(channel) {
    const known = this.messages.get(channel)
    return known && [...known.values()].filter(({ id }) => !this.dismissed.has(id))
  }

  find(channel, id) {
    return this.messages.get(channel)?.get(id)
  }

  /** The thread created from a message; it has the message's id. */
  threadOf(message) {
    return this.channels.get(message.id)
  }

  put(message) {
    this.messages.get(message.channel_id)?.set(message.id, message)
    this.recordChange(message.channel_id, message.id, message)
    this.indexMessage(message)
    this.notifyMessagesChanged(message.channel_id)
  }

  /** Notify views of a channel's messages, and of its parent's, where a thread's card shows the latest message. */
  notifyMessagesChanged(channel) {
    this.emit('messages', channel)
    const parent = this.channels.get(channel)?.parent_id
    if (parent) this.emit('messages', parent)
  }

  indexMessage(message) {
    for (const user of [message.author, ...(message.mentions ?? []), message.interaction_metadata?.user]) {
      if (user && !this.users.has(user.id)) this.users.set(user.id, user)
    }
    const last = this.latest.get(message.channel_id)
    if (!message.local && !isEphemeral(message) && (!last || byId(last, message) <= 0)) this.latest.set(message.channel_id, message)
  }

  drop(channel, id) {
    this.messages.get(channel)?.delete(id)
    this.recordChange(channel, id)
    if (this.latest.get(channel)?.id === id) this.latest.delete(channel)
    this.notifyMessagesChanged(channel)
  }

  /** Hide a message in this tab, for "Dismiss message" on ephemeral messages. */
  dismiss(message) {
    this.dismissed.add(message.id)
    sessionStorage.setItem('dismissed', JSON.stringify([...this.dismissed]))
    this.emit('messages', message.channel_id)
  }

  /** Set the state of a message's pressed component: {id, state: 'pending' | 'failed'}, or undefined when done. */
  press(message, state) {
    if (state) this.presses.set(message.id, state)
    else this.presses.delete(message.id)
    this.emit('messages', message.channel_id)
  }

  apply({ t, d }) {
    if (t === 'MESSAGE_CREATE') this.onMessageCreate(d)
    else if (t === 'MESSAGE_UPDATE') this.onMessageUpdate(d)
    else if (t === 'MESSAGE_DELETE') this.onMessageDelete(d)
    else if (t === 'THREAD_DELETE' || t === 'CHANNEL_DELETE') this.onChannelDelete(d)
    else if (t.startsWith('THREAD_') || t.startsWith('CHANNEL_')) this.onChannelChange(d)
    else if (t === 'APPLICATION_COMMANDS_UPDATE') {
      this.commands = d.commands
      this.emit('commands')
    }
  }

  onMessageCreate(message) {
    const channel = this.channels.get(message.channel_id)
    if (channel && !isEphemeral(message) && isAfter(message.id, channel.last_message_id)) this.changeMessageCount(channel, 1, message.id)
    this.put(message)
    if (!this.open.has(message.channel_id) && message.author.id !== this.me.id) {
      this.unread.add(message.channel_id)
      if (this.shouldNotify(message)) this.pings.set(message.channel_id, (this.pings.get(message.channel_id) ?? 0) + 1)
    }
    this.emit('arrived', message)
    this.emit('channels')
  }

  /** Mark the messages of a channel as read. */
  markRead(channel) {
    this.unread.delete(channel)
    this.pings.delete(channel)
  }

  /** Update a channel's message count: events carry messages, not counts. */
  changeMessageCount(channel, step, last = channel.last_message_id) {
    this.channels.set(channel.id, { ...channel, last_message_id: last, message_count: (channel.message_count ?? 0) + step })
  }

  onMessageDelete({ id, channel_id: channelId }) {
    const channel = this.channels.get(channelId)
    const message = this.find(channelId, id)
    if (channel && !(message && isEphemeral(message))) this.changeMessageCount(channel, -1)
    this.drop(channelId, id)
  }

  onMessageUpdate(message) {
    for (const key of this.chosen.keys()) if (key.startsWith(`${message.id}:`)) this.chosen.delete(key)
    const before = this.find(message.channel_id, message.id)
    this.put(message)
    const isAnswer = before && isLoading(before) && !isLoading(message)
    const isPicture = before && !pictures(before).length && pictures(message).length
    if (isAnswer || isPicture) this.emit('arrived', message)
  }

  onChannelChange(channel) {
    if (!channel.id) return
    this.channels.set(channel.id, { ...this.channels.get(channel.id), ...channel })
    this.emit('channels')
    if (channel.parent_id) this.emit('messages', channel.parent_id)
  }

  onChannelDelete({ id, parent_id }) {
    this.channels.delete(id)
    this.messages.delete(id)
    this.emit('channels')
    if (parent_id) this.emit('messages', parent_id)
  }
}

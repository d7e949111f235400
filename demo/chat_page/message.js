// Renders one message: author, time, the message replied to, content, thread and state.

import { h, icon, iconButton } from './dom.js'
import { components } from './components.js'
import { embed } from './embeds.js'
import { inline } from './inline.js'
import { markdown } from './markdown.js'
import { attachments } from './media.js'
import { openMenu } from './menu.js'
import { displayName, isEphemeral, isLoading, isV2 } from './state.js'
import { clock, full, stamp } from './time.js'

export function avatar(user, className = 'avatar') {
  const hue = [...(user?.username ?? '')].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0) * 47) % 360, 0)
  return h('span', { class: className, 'aria-hidden': 'true', vars: { '--hue': hue } }, displayName(user).slice(0, 1).toUpperCase())
}

/** An `li` for a message in the list of channel `listId`; `grouped` omits avatar and name, as below a message of the same author. */
export function messageElement(message, grouped, listId, app) {
  const { state } = app
  const author = message.author
  const who = displayName(author)
  const body = h('div', { class: 'message-body' }, grouped ? null : header(message, who, app), content(message, app), message.id === listId ? null : threadCard(message, app), notes(message, app))
  return h('li', {
    class: ['message', grouped ? 'grouped' : '', isEphemeral(message) || message.local === 'failed' ? 'ephemeral' : '', state.mentionsMe(message) ? 'mentions-me' : ''].filter(Boolean).join(' '),
    tabindex: -1, data: { messageId: message.id, channelId: message.channel_id }, oncontextmenu: (event) => menuAt(event, message, app),
  }, h('article', { 'aria-label': `${who}, ${stamp(message.timestamp, state.locale)}`, 'aria-busy': isLoading(message) ? 'true' : undefined },
    context(message, app),
    h('div', { class: 'message-row' },
      grouped ? h('time', { class: 'gutter-time', datetime: message.timestamp }, clock(message.timestamp, state.locale)) : avatar(author), body)),
  message.local ? null : toolbar(message, app))
}

function header(message, who, { state }) {
  return h('div', { class: 'message-head' },
    h('span', { class: 'author' }, who), message.author.bot ? h('span', { class: 'badge' }, 'APP') : null,
    h('time', { datetime: message.timestamp, title: full(message.timestamp, state.locale) }, stamp(message.timestamp, state.locale)))
}

function context(message, app) {
  const { interaction_metadata: metadata, interaction, message_reference: reference } = message
  if (interaction?.name && metadata?.user) {
    return h('div', { class: 'message-context' }, h('span', { class: 'spine' }), avatar(metadata.user, 'avatar avatar-tiny'),
      h('span', { class: 'author' }, displayName(metadata.user)), ' used ', h('span', { class: 'mention' }, message.type === 23 ? interaction.name : `/${interaction.name}`))
  }
  if (!reference || message.type === 18) return null
  const to = repliedMessage(message, app.state)
  if (!to) return h('div', { class: 'message-context muted' }, h('span', { class: 'spine' }), 'Original message was deleted')
  return h('a', { class: 'message-context', href: app.href(to.channel_id), onclick: (event) => (event.preventDefault(), app.go(to.channel_id, to.id)) },
    h('span', { class: 'spine' }), avatar(to.author, 'avatar avatar-tiny'), h('span', { class: 'author' }, displayName(to.author)), h('span', { class: 'preview' }, preview(to, app)))
}

/** The message that `message` replies to: its current state or, if its channel is not loaded, the copy in the reply; undefined if deleted. */
export function repliedMessage({ message_reference: reference, referenced_message: then, channel_id: here }, state) {
  const channel = reference?.channel_id ?? here
  return state.messages.has(channel) ? state.find(channel, reference?.message_id) : then
}

/** A message as one line of plain text, for replies, thread cards and announcements. */
export function preview(message, app) {
  if (isLoading(message)) return 'is thinking…'
  const texts = []
  const walk = (list) => list?.forEach((item) => {
    if (item.type === 10) texts.push(item.content)
    walk(item.components)
  })
  if (message.content) texts.push(message.content)
  else walk(message.components)
  if (!texts.length && message.embeds?.length) texts.push(message.embeds[0].title ?? message.embeds[0].description ?? '')
  const bare = texts.join('\n').replace(/```(?:\w+\n)?/g, ' ').replace(/^(?:#{1,3}|-#|>+|[-*]) /gm, '').replace(/\n/g, ' ')
  const plain = h('p', {}, inline(bare, app)).textContent.replace(/\s+/g, ' ').trim()
  return plain || (message.attachments?.length ? message.attachments.map((item) => item.description || item.filename).join(', ') : 'Click to view the message')
}

function content(message, app) {
  if (message.local) return h('div', { class: message.local === 'failed' ? 'failure' : 'muted' }, message.content)
  if (isLoading(message)) {
    return h('div', { class: 'thinking' }, h('span', { class: 'dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i')), `${displayName(message.author)} is thinking…`)
  }
  const edited = message.edited_timestamp ? h('span', { class: 'edited', title: full(message.edited_timestamp, app.state.locale) }, '(edited)') : null
  if (message.type === 18) return h('div', { class: 'system' }, icon('thread'), `started a thread: ${message.content}`)
  const text = message.content ? h('div', { class: 'markdown' }, markdown(message.content, app)) : null
  if (text && edited) (text.lastElementChild.matches('.text, .subtext') ? text.lastElementChild : text).append(' ', edited)
  return [
    text,
    isV2(message) ? null : attachments(message.attachments ?? []),
    message.flags & 4 ? null : (message.embeds ?? []).map((data) => embed(data, app)),
    message.components?.length ? h('div', { class: 'components' }, components(message.components, message, app)) : null,
    text ? null : edited,
  ]
}

function threadCard(message, app) {
  const thread = app.state.threadOf(message)
  if (!thread) return null
  const last = app.state.latest.get(thread.id)
  const count = thread.message_count ?? 0
  const words = `${count} ${count === 1 ? 'message' : 'messages'}`
  return h('a', { class: 'thread-card', href: app.href(thread.id), data: { threadId: thread.id }, onclick: (event) => (event.preventDefault(), app.go(thread.id)) },
    h('span', { class: 'thread-title' }, h('strong', {}, thread.name), h('span', { class: 'thread-count' }, `${words} ›`)),
    h('span', { class: 'thread-last' }, thread.thread_metadata?.archived ? 'This thread is archived.'
      : last && last.id !== message.id ? [avatar(last.author, 'avatar avatar-tiny'), h('span', { class: 'author' }, displayName(last.author)), h('span', { class: 'preview' }, preview(last, app))]
        : 'Open the thread to see its messages.'))
}

function notes(message, app) {
  const failed = app.state.presses.get(message.id)?.state === 'failed'
  const dismiss = () => (message.local ? app.state.drop(message.channel_id, message.id) : app.state.dismiss(message))
  return [
    failed ? h('div', { class: 'failure', role: 'alert' }, icon('warn'), 'This interaction failed') : null,
    isEphemeral(message) || message.local === 'failed' ? h('div', { class: 'only-you' }, icon('eye'), 'Only you can see this · ',
      h('button', { type: 'button', class: 'text-button', onclick: dismiss }, 'Dismiss message')) : null,
  ]
}

function actionsFor(message, app) {
  const commands = app.state.commandsIn(message.channel_id).filter(({ type }) => type === 3).map((command) => ({
    label: command.name_localizations?.[app.state.locale] ?? command.name, icon: 'apps', run: () => app.messageCommand(command, message),
  }))
  const copy = (text) => () => navigator.clipboard.writeText(text).then(() => app.toast('Copied.'), () => app.toast('The browser did not allow copying.', 'error'))
  const channel = app.state.channels.get(message.channel_id)
  const address = `https://discord.com/channels/${channel?.guild_id ?? '@me'}/${message.channel_id}/${message.id}`
  return {
    commands,
    rest: [
      ...(isEphemeral(message) ? [] : [{ label: 'Reply', icon: 'reply', run: () => app.reply(message) }]),
      { label: 'Copy text', icon: 'copy', run: copy(message.content || preview(message, app)) },
      { label: 'Copy message link', icon: 'link', run: copy(address) },
      { label: 'Copy message ID', icon: 'copy', run: copy(message.id) },
    ],
  }
}

function menuAt(event, message, app) {
  const picture = event.target.closest('a.picture')
  if (message.local || (!picture && event.target.closest('a, input, textarea'))) return
  event.preventDefault()
  const { commands, rest } = actionsFor(message, app)
  const large = picture ? [{ label: 'Open image in a new tab', icon: 'image', run: () => open(picture.href, '_blank', 'noopener') }] : []
  openMenu({ label: 'Message', items: [...commands, ...rest, ...large], x: event.clientX, y: event.clientY, opener: event.currentTarget })
}

function toolbar(message, app) {
  const show = (label, pick) => (event) => openMenu({ label, items: pick(actionsFor(message, app)), opener: event.currentTarget })
  const hasCommands = app.state.commandsIn(message.channel_id).some(({ type }) => type === 3)
  return h('div', { class: 'toolbar' },
    isEphemeral(message) ? null : iconButton('reply', 'Reply', () => app.reply(message)),
    hasCommands ? iconButton('apps', 'Apps', show('Apps', ({ commands }) => commands), { 'aria-haspopup': 'menu' }) : null,
    iconButton('more', 'More', show('More', ({ rest }) => rest), { 'aria-haspopup': 'menu' }))
}

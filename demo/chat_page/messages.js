// The message list of a channel. It replaces only elements that changed, and stays scrolled to the end if it was there.

import { clear, h } from './dom.js'
import { repliedMessage, messageElement } from './message.js'
import { byId, isThread } from './state.js'
import { day, sameDay } from './time.js'

const GROUP_MS = 7 * 60 * 1000

function groups(before, message) {
  return before && !message.message_reference && !message.interaction?.name && !message.local && before.author.id === message.author.id && before.channel_id === message.channel_id
    && before.type !== 18 && message.type !== 18 && sameDay(before.timestamp, message.timestamp) && new Date(message.timestamp) - new Date(before.timestamp) < GROUP_MS
    && (before.flags & 64) === (message.flags & 64)
}

/** A scrolling list of the messages of a channel. `intro` is shown above the first message. */
export class MessageList {
  rows = new Map()

  constructor(channel, intro, app) {
    Object.assign(this, { channel, intro, app })
    this.list = h('ol', { class: 'messages', 'aria-label': `Messages in ${app.state.nameOf(channel)}`, onkeydown: (event) => this.onKey(event) })
    this.element = h('div', { class: 'scroller', tabindex: 0, role: 'group', 'aria-label': `Messages in ${app.state.nameOf(channel)}, scrollable` }, h('div', { class: 'scroller-fill' }), intro, this.list)
    this.element.addEventListener('scroll', () => (this.atEnd = this.nearEnd()), { passive: true })
    this.atEnd = true
    this.sizes = new ResizeObserver(() => this.atEnd && this.toEnd())
    this.sizes.observe(this.list)
    this.sizes.observe(this.element)
  }

  nearEnd() {
    return this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < 60
  }

  toEnd() {
    this.element.scrollTop = this.element.scrollHeight
  }

  /** Update the elements from the state; unchanged messages keep their elements, with focus and scroll position. */
  draw() {
    const { state } = this.app
    const messages = this.messages()
    if (!messages) return clear(this.list, h('li', { class: 'muted loading' }, 'Loading messages…'))
    const rows = new Map()
    const children = []
    messages.forEach((message, index) => {
      const before = messages[index - 1]
      const newDay = !before || !sameDay(before.timestamp, message.timestamp)
      const grouped = !newDay && groups(before, message)
      const thread = state.threadOf(message)
      const key = [message, grouped, state.presses.get(message.id), thread, thread && state.latest.get(thread.id), state.commands, state.locale, repliedMessage(message, state)]
      if (newDay) children.push(h('li', { class: 'day' }, h('span', {}, day(message.timestamp, state.locale))))
      const row = this.keep(message, key) ?? { key, element: messageElement(message, grouped, this.channel.id, this.app) }
      rows.set(message.id, row)
      children.push(row.element)
    })
    this.place(children, rows)
  }

  /** The messages to show, in order; a thread begins with the message that it was created from. */
  messages() {
    const { channel, app: { state } } = this
    const found = state.list(channel.id)?.filter(({ type }) => !isThread(channel) || type !== 21)
    found?.sort((a, b) => (Boolean(a.local) - Boolean(b.local)) || byId(a, b))
    const starter = isThread(channel) && state.find(channel.parent_id, channel.id)
    return found && starter ? [starter, ...found] : found
  }

  keep(message, key) {
    const row = this.rows.get(message.id)
    return row?.key.every((part, index) => part === key[index]) ? row : undefined
  }

  place(children, rows) {
    const focused = this.list.contains(document.activeElement) ? document.activeElement : null
    const { messageId } = focused?.closest('.message')?.dataset ?? {}
    const { customId } = focused?.dataset ?? {}
    this.rows = rows
    reconcile(this.list, children)
    if (focused && !focused.isConnected) {
      const home = rows.get(messageId)?.element
      const same = customId && [...(home?.querySelectorAll('[data-custom-id]') ?? [])].find((e) => e.dataset.customId === customId && !e.disabled)
      ;(same ?? home ?? this.element).focus({ preventScroll: true })
    }
    if (this.atEnd) this.toEnd()
  }

  /** Scroll to a message and focus it; used by links to messages. */
  reveal(id) {
    const element = this.rows.get(id)?.element
    if (!element) return false
    this.atEnd = false
    element.scrollIntoView({ block: 'center' })
    element.focus({ preventScroll: true })
    element.classList.add('flash')
    setTimeout(() => element.classList.remove('flash'), 1600)
    return true
  }

  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!step || !event.target.matches('.message')) return
    const all = [...this.list.querySelectorAll('.message')]
    all[all.indexOf(event.target) + step]?.focus()
    event.preventDefault()
  }
}

/** Make `children` the children of `parent`, moving as few elements as possible. */
function reconcile(parent, children) {
  const wanted = new Set(children)
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove()
  children.forEach((child, index) => {
    if (parent.childNodes[index] !== child) parent.insertBefore(child, parent.childNodes[index] ?? null)
  })
}

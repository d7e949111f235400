// An open channel or thread: heading, messages and composer.

import { h, icon, iconButton } from './dom.js'
import { Composer } from './composer.js'
import { MessageList } from './messages.js'
import { iconOf } from './sidebar.js'
import { displayName, isDirect, isThread } from './state.js'

export class Pane {
  constructor(channel, app) {
    Object.assign(this, { channel, app })
    const thread = isThread(channel)
    this.composer = new Composer(channel, app)
    const name = app.state.nameOf(channel)
    this.title = h('h2', {}, name)
    this.badge = h('span', { class: 'badge badge-quiet', hidden: true }, 'Archived')
    this.list = new MessageList(channel, thread ? this.threadIntro() : this.channelIntro(), app)
    this.element = h('section', { class: `pane ${thread ? 'pane-thread' : 'pane-channel'}`, 'aria-label': thread ? `Thread: ${name}` : app.state.labelOf(channel), data: { channelId: channel.id } },
      h('header', { class: 'pane-head' },
        iconButton('menu', 'Channels', () => app.openDrawer(), { class: 'icon-button only-narrow' }),
        icon(iconOf(channel)), this.title, this.badge,
        channel.topic ? h('span', { class: 'topic' }, channel.topic) : null,
        thread ? iconButton('close', 'Close thread', () => app.go(channel.parent_id), { class: 'icon-button push' }) : null),
      this.list.element, this.composer.element)
    this.update()
  }

  channelIntro() {
    return h('div', { class: 'intro' }, h('span', { class: 'intro-mark' }, icon(iconOf(this.channel))), h('h3', {}, isDirect(this.channel) ? this.app.state.nameOf(this.channel) : `Welcome to #${this.channel.name}`),
      h('p', {}, isDirect(this.channel) ? 'Only you and the bot can see these messages. Type ' : 'This is the start of the channel. Type ', h('kbd', {}, '/'), ' to see what the bot can do.'))
  }

  threadIntro() {
    const owner = this.app.state.users.get(this.channel.owner_id)
    return h('div', { class: 'intro' }, h('span', { class: 'intro-mark' }, icon('thread')), h('h3', {}, this.channel.name),
      h('p', {}, 'A thread', owner ? [', started by ', h('strong', {}, displayName(owner))] : '', '.'))
  }

  /** Update after the channel was renamed or archived. */
  update() {
    const channel = this.app.state.channels.get(this.channel.id) ?? this.channel
    this.channel = channel
    this.title.textContent = this.app.state.nameOf(channel)
    this.badge.hidden = !channel.thread_metadata?.archived
    this.composer.update(channel)
  }
}

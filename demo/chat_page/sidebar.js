// The sidebar: guilds with their channels and threads, direct messages, and the user of this tab.

import { clear, h, icon } from './dom.js'
import { avatar } from './message.js'
import { byId, displayName, isDirect, isThread } from './state.js'
import { setTheme, theme } from './theme.js'

const CATEGORY = 4
const LOCALES = { 'en-US': 'English', fr: 'Français' }

export const iconOf = (channel) => (isThread(channel) ? 'thread' : isDirect(channel) ? 'at' : 'hash')

/** Draw guilds and channels; open ones are marked, for screen readers, too. */
export function drawChannels(element, app) {
  const { state } = app
  const focused = element.contains(document.activeElement) && document.activeElement.dataset.channelId
  const direct = [...state.channels.values()].find(isDirect)
  clear(element, [...state.guilds.values()].map((guild) => drawGuild(guild, app)),
    h('h2', { class: 'guild guild-direct' }, 'Direct messages'),
    h('ul', { class: 'channels' }, h('li', {}, direct ? entry(direct, app) : h('button', { type: 'button', class: 'entry', onclick: () => app.goDirect() },
      icon('at'), h('span', { class: 'entry-name' }, displayName(state.application.bot))))))
  if (focused) element.querySelector(`[data-channel-id="${focused}"]`)?.focus()
}

function drawGuild(guild, app) {
  const all = [...app.state.channels.values()].filter((channel) => channel.guild_id === guild.id)
  const order = (a, b) => (a.position ?? 0) - (b.position ?? 0) || byId(a, b)
  const channels = all.filter((channel) => !isThread(channel) && channel.type !== CATEGORY).sort(order)
  const threads = (parent) => all.filter((channel) => isThread(channel) && channel.parent_id === parent.id)
    .sort((a, b) => Boolean(a.thread_metadata?.archived) - Boolean(b.thread_metadata?.archived) || byId(b, a))
  return [h('h2', { class: 'guild' }, guild.name), h('ul', { class: 'channels' },
    channels.map((channel) => {
      const below = threads(channel)
      return h('li', {}, entry(channel, app), below.length ? h('ul', { class: 'threads', 'aria-label': `Threads of #${channel.name}` }, below.map((thread) => h('li', {}, entry(thread, app)))) : null)
    }))]
}

function entry(channel, app) {
  const { state } = app
  const archived = channel.thread_metadata?.archived
  const unread = state.unread.has(channel.id)
  const pings = state.pings.get(channel.id)
  const current = app.view.focus === channel.id
  return h('a', {
    class: ['entry', state.open.has(channel.id) ? 'open' : '', unread ? 'unread' : '', archived ? 'archived' : ''].filter(Boolean).join(' '),
    href: app.href(channel.id), 'aria-current': current ? 'page' : undefined, data: { channelId: channel.id },
    onclick: (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return
      event.preventDefault()
      app.go(channel.id)
    },
  }, isThread(channel) ? null : icon(iconOf(channel)), h('span', { class: 'entry-name' }, state.nameOf(channel)),
  archived ? h('span', { class: 'entry-note' }, icon(channel.thread_metadata.locked ? 'lock' : 'archive'), h('span', { class: 'sr-only' }, channel.thread_metadata.locked ? ', locked' : ', archived')) : null,
  pings ? h('span', { class: 'pings' }, h('span', { class: 'sr-only' }, ', mentions: '), pings) : null,
  unread ? h('span', { class: 'sr-only' }, ', unread') : null)
}

/** Draw the panel of this tab's user: language, theme, and links to open the page as another user. */
export function drawUserPanel(element, app) {
  const { state } = app
  const others = [...state.users.values()].filter((user) => !user.bot && user.id !== state.me.id)
  const locales = state.locale in LOCALES ? LOCALES : { ...LOCALES, [state.locale]: state.locale }
  clear(element,
    h('button', { type: 'button', class: 'me', popovertarget: 'settings' }, avatar(state.me),
      h('span', { class: 'me-text' }, h('span', { class: 'me-name' }, displayName(state.me)), h('span', { class: 'me-note' }, state.me.username), h('span', { class: 'sr-only' }, 'settings')), icon('down')),
    h('div', { id: 'settings', class: 'settings', popover: 'auto', role: 'dialog', 'aria-label': 'Settings' },
      h('label', {}, 'Language', picker(locales, state.locale, (locale) => app.setLocale(locale))),
      h('label', {}, 'Theme', picker({ auto: 'System', dark: 'Dark', light: 'Light' }, theme(), setTheme)),
      h('div', { class: 'others' }, h('div', { class: 'settings-title' }, 'Open as another user'),
        others.map((user) => h('a', { href: `/?user=${encodeURIComponent(user.username)}&channel=${app.view.focus}`, target: '_blank' }, avatar(user, 'avatar avatar-small'), displayName(user))))))
}

const picker = (names, current, pick) => h('select', { onchange: (event) => pick(event.target.value) },
  Object.entries(names).map(([value, label]) => h('option', { value, selected: value === current }, label)))

// The page: joins state, stream and views, and keeps what is open in the address.

import { Api } from './api.js'
import { listenForFiles } from './drop.js'
import { connect } from './events.js'
import { announce, banner, toast } from './feedback.js'
import { Interactions } from './interactions.js'
import { preview } from './message.js'
import { Pane } from './pane.js'
import { drawChannels, drawMe } from './sidebar.js'
import { State, displayName, isDirect, isEphemeral, isThread } from './state.js'
import { applyTheme } from './theme.js'
import { keepRelativeTimes } from './time.js'

const user = new URLSearchParams(location.search).get('user') || 'ada'
const state = new State()
const panes = new Map()
const parts = Object.fromEntries(['sidebar', 'channels', 'me', 'main', 'scrim'].map((id) => [id, document.getElementById(id)]))
let loading = false
let held = []

const app = {
  state, toast, announce,
  api: new Api(user),
  view: { channel: undefined, thread: undefined, focus: undefined },
  href: (channel) => `?user=${encodeURIComponent(user)}&channel=${channel}`,
  press: (message, component, values) => app.interactions.press(message, component, values),

  /** Open a channel or thread, and there a message if one is named. */
  async go(channel, message) {
    if (channel !== app.view.focus) history.pushState(null, '', app.href(channel))
    await show(channel)
    if (message && !panes.get(channel)?.list.reveal(message)) toast('That message is no longer there.', 'error')
    if (!message) focusComposer()
  },

  async messageCommand(command, message) {
    try {
      await app.interactions.command(message.channel_id, { id: command.id, name: command.name, type: 3, target_id: message.id }, command.name)
    } catch (error) {
      toast(error.message, 'error')
    }
  },

  /** Open the direct messages with the application. */
  async goDirect() {
    try {
      const channel = await app.api.direct()
      state.opened(channel)
      await app.go(channel.id)
    } catch (error) {
      toast(error.message, 'error')
    }
  },

  /** Answer a message in its own channel, which on a narrow screen a thread may hide. */
  async reply(message) {
    if (!panes.get(message.channel_id)?.element.checkVisibility()) await app.go(message.channel_id)
    panes.get(message.channel_id).composer.reply(message)
  },

  async setLocale(locale) {
    try {
      await app.api.locale(locale)
      await reload()
      toast('Commands are shown in this language from now on.')
    } catch (error) {
      toast(error.message, 'error')
    }
  },

  openDrawer() {
    drawer(true)
    parts.channels.querySelector('[aria-current], a')?.focus()
  },
}
app.interactions = new Interactions(app)

/** Ready to type; not on touch screens, where that would cover the page with a keyboard. */
function focusComposer() {
  if (matchMedia('(hover: hover)').matches) panes.get(app.view.focus)?.composer.focus()
}

function drawer(open) {
  parts.sidebar.classList.toggle('drawn', open)
  parts.scrim.hidden = !open
}

/** Everything again, from the server: at the start, after a loss, and when the language changed. Events wait meanwhile. */
async function reload() {
  loading = true
  try {
    state.load(await app.api.bootstrap())
    await show(new URLSearchParams(location.search).get('channel'))
  } finally {
    loading = false
    held.splice(0).forEach(hear)
  }
}

async function show(wanted) {
  const channel = state.channels.get(wanted) ?? [...state.channels.values()].filter((c) => c.type === 0).sort((a, b) => (a.position ?? 0) - (b.position ?? 0))[0]
  const parent = isThread(channel) ? state.channels.get(channel.parent_id) : channel
  app.view = { channel: parent?.id, thread: isThread(channel) ? channel.id : undefined, focus: channel?.id }
  const open = [app.view.channel, app.view.thread].filter(Boolean)
  state.open = new Set(open)
  open.forEach((id) => state.read(id))
  if (channel && channel.id !== wanted) history.replaceState(null, '', app.href(channel.id))
  drawer(false)
  place(open)
  draw()
  drawMe(parts.me, app)
  await Promise.all(open.filter((id) => state.lacks(id)).map(load))
}

async function load(id) {
  const journal = state.startLoading(id)
  try {
    state.loadMessages(journal, await app.api.messages(id))
  } catch (error) {
    toast(`Messages could not be loaded. ${error.message}`, 'error')
  } finally {
    state.stopLoading(journal)
  }
}

function place(open) {
  for (const id of open) if (!panes.has(id)) panes.set(id, new Pane(state.channels.get(id), app))
  const wanted = open.map((id) => panes.get(id).element)
  for (const element of [...parts.main.children]) if (!wanted.includes(element)) element.remove()
  wanted.forEach((element, index) => parts.main.children[index] !== element && parts.main.insertBefore(element, parts.main.children[index] ?? null))
  parts.main.classList.toggle('split', open.length > 1)
  for (const id of open) {
    const { list } = panes.get(id)
    list.draw()
    if (list.atEnd) list.toEnd()
  }
}

function draw() {
  const channel = state.channels.get(app.view.focus)
  const pings = [...state.pings.values()].reduce((sum, count) => sum + count, 0)
  const place = channel ? state.placeOf(channel) : 'Nothing'
  document.title = `${pings ? `(${pings}) ` : ''}${place} · ${state.guilds.get(channel?.guild_id)?.name ?? 'Direct messages'} · ${displayName(state.me)}`
  drawChannels(parts.channels, app)
  panes.forEach((pane) => pane.update())
}

function whatRang({ channel_id: id }) {
  const channel = state.channels.get(id)
  return isDirect(channel) ? 'wrote to you' : `called you in ${state.placeOf(channel)}`
}

function hear(event) {
  if (loading) return held.push(event)
  if (event.t === 'GUILD_CREATE') return reload()
  state.apply(event)
  app.interactions.hear(event)
}

state.on('messages', (channel) => {
  if (!state.open.has(channel)) return
  panes.get(channel)?.list.draw()
})
state.on('commands', () => state.open.forEach((id) => {
  panes.get(id)?.list.draw()
  panes.get(id)?.composer.refresh()
}))
state.on('channels', () => {
  for (const id of panes.keys()) if (!state.channels.has(id)) panes.delete(id)
  if (loading) return
  if (state.channels.has(app.view.focus)) draw()
  else show(app.view.channel)
})
state.on('arrived', (message) => {
  if (message.author.id === state.me.id) return
  if (!state.open.has(message.channel_id)) return state.rings(message) && toast(`${displayName(message.author)} ${whatRang(message)}.`)
  const aside = isEphemeral(message) ? ', only to you' : state.calls(message) ? ', mentioning you' : ''
  announce(`${displayName(message.author)}${aside}: ${preview(message, app)}`)
})

applyTheme()
keepRelativeTimes(() => state.locale)
listenForFiles((element) => element.closest('dialog') ?? panes.get(element.closest('.pane')?.dataset.channelId ?? app.view.focus)?.composer)
parts.scrim.addEventListener('click', () => drawer(false))
parts.sidebar.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || !parts.sidebar.classList.contains('drawn')) return
  drawer(false)
  parts.main.querySelector('.only-narrow')?.focus()
})
addEventListener('keydown', ({ key, ctrlKey, metaKey, altKey, target }) => {
  const typing = key.length === 1 && key !== ' ' && !ctrlKey && !metaKey && !altKey
  if (typing && !target.closest('input, textarea, select, button, a, dialog, [role=button], [popover]')) focusComposer()
})
addEventListener('popstate', () => show(new URLSearchParams(location.search).get('channel')))

let first = true
connect(app.api.url('events'), {
  async onOpen() {
    await reload()
    banner('')
    if (first) focusComposer()
    first = false
  },
  onEvent: hear,
  onLost(error) {
    app.interactions.forget()
    banner(error ? `The page could not be loaded. ${error.message}` : 'The connection to the server was lost. Trying again…')
  },
})

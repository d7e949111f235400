// The page: connects state, event stream and views; the URL has the open channel.

import { Api } from './api.js'
import { listenForFiles } from './drop.js'
import { connect } from './events.js'
import { announce, banner, toast } from './feedback.js'
import { Interactions } from './interactions.js'
import { preview } from './message.js'
import { Pane } from './pane.js'
import { drawChannels, drawUserPanel } from './sidebar.js'
import { State, displayName, isDirect, isEphemeral, isThread, isV2, pictures } from './state.js'
import { applyTheme } from './theme.js'
import { keepRelativeTimes } from './time.js'

const user = new URLSearchParams(location.search).get('user') || 'ada'
const state = new State()
const panes = new Map()
const parts = Object.fromEntries(['sidebar', 'channels', 'me', 'main', 'scrim'].map((id) => [id, document.getElementById(id)]))
let loading = false
let queuedEvents = []

const app = {
  state, toast, announce,
  api: new Api(user),
  view: { channel: undefined, thread: undefined, focus: undefined },
  href: (channel) => `?user=${encodeURIComponent(user)}&channel=${channel}`,
  press: (message, component, values) => app.interactions.press(message, component, values),

  /** Open a channel or thread and, optionally, go to a message. */
  async go(channel, message) {
    if (channel !== app.view.focus) history.pushState(null, '', app.href(channel))
    await show(channel)
    if (message && !panes.get(channel)?.list.reveal(message)) toast('This message no longer exists.', 'error')
    if (!message) focusComposer()
  },

  async messageCommand(command, message) {
    try {
      await app.interactions.command(message.channel_id, { id: command.id, name: command.name, type: 3, target_id: message.id }, command.name)
    } catch (error) {
      toast(error.message, 'error')
    }
  },

  /** Open the user's direct messages with the bot. */
  async goDirect() {
    try {
      const channel = await app.api.direct()
      state.onChannelChange(channel)
      await app.go(channel.id)
    } catch (error) {
      toast(error.message, 'error')
    }
  },

  /** Start a reply in the message's channel, which may be hidden behind a thread on a narrow screen. */
  async reply(message) {
    if (!panes.get(message.channel_id)?.element.checkVisibility()) await app.go(message.channel_id)
    panes.get(message.channel_id).composer.reply(message)
  },

  async setLocale(locale) {
    try {
      await app.api.locale(locale)
      await reload()
      toast('Commands are now shown in this language.')
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

/** Focus the composer; not on touch screens, where the keyboard would cover the page. */
function focusComposer() {
  if (matchMedia('(hover: hover)').matches) panes.get(app.view.focus)?.composer.focus()
}

function drawer(open) {
  parts.sidebar.classList.toggle('drawn', open)
  parts.scrim.hidden = !open
}

/** Load everything from the server: at start, after a lost connection, and after a change of language. Events are queued meanwhile. */
async function reload() {
  loading = true
  try {
    state.load(await app.api.bootstrap())
    await show(new URLSearchParams(location.search).get('channel'))
  } finally {
    loading = false
    queuedEvents.splice(0).forEach(handleEvent)
  }
}

async function show(id) {
  const channel = state.channels.get(id) ?? [...state.channels.values()].filter((c) => c.type === 0).sort((a, b) => (a.position ?? 0) - (b.position ?? 0))[0]
  const parent = isThread(channel) ? state.channels.get(channel.parent_id) : channel
  app.view = { channel: parent?.id, thread: isThread(channel) ? channel.id : undefined, focus: channel?.id }
  const open = [app.view.channel, app.view.thread].filter(Boolean)
  state.open = new Set(open)
  open.forEach((openId) => state.markRead(openId))
  if (channel && channel.id !== id) history.replaceState(null, '', app.href(channel.id))
  drawer(false)
  arrangePanes(open)
  draw()
  drawUserPanel(parts.me, app)
  await Promise.all(open.filter((openId) => state.needsLoading(openId)).map(load))
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

function arrangePanes(open) {
  for (const id of open) if (!panes.has(id)) panes.set(id, new Pane(state.channels.get(id), app))
  const elements = open.map((id) => panes.get(id).element)
  for (const element of [...parts.main.children]) if (!elements.includes(element)) element.remove()
  elements.forEach((element, index) => parts.main.children[index] !== element && parts.main.insertBefore(element, parts.main.children[index] ?? null))
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
  const label = channel ? state.labelOf(channel) : 'No channel'
  document.title = `${pings ? `(${pings}) ` : ''}${label} · ${state.guilds.get(channel?.guild_id)?.name ?? 'Direct messages'} · ${displayName(state.me)}`
  drawChannels(parts.channels, app)
  panes.forEach((pane) => pane.update())
}

function describeNotification({ channel_id: id }) {
  const channel = state.channels.get(id)
  return isDirect(channel) ? 'sent you a message' : `mentioned you in ${state.labelOf(channel)}`
}

function handleEvent(event) {
  if (loading) return queuedEvents.push(event)
  if (event.t === 'GUILD_CREATE') return reload()
  state.apply(event)
  app.interactions.handleEvent(event)
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
  if (!state.open.has(message.channel_id)) return state.shouldNotify(message) && toast(`${displayName(message.author)} ${describeNotification(message)}.`)
  const suffix = isEphemeral(message) ? ' (only visible to you)' : state.mentionsMe(message) ? ', mentioning you' : ''
  const seen = isV2(message) ? pictures(message).map((picture) => picture.description).filter(Boolean) : []
  announce(`${displayName(message.author)}${suffix}: ${[...seen, preview(message, app)].join('. ')}`)
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
  onEvent: handleEvent,
  onLost(error) {
    app.interactions.abandonAll()
    banner(error ? `The page could not be loaded. ${error.message}` : 'The connection to the server was lost. Trying again…')
  },
})

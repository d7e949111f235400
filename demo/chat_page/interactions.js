// Interactions under way: sent, waited for, and ended by what the stream says of them.

import { openModal } from './modal.js'

const REMEMBERED = 50
const SHOW_AFTER_MS = 300

function remember(map, id, value) {
  map.set(id, value)
  if (map.size > REMEMBERED) map.delete(map.keys().next().value)
}

export class Interactions {
  waiting = new Map()
  early = new Map()
  origins = new Map()
  modals = new Map()

  constructor(app) {
    this.app = app
  }

  /** Take an event of the stream; the outcome may arrive before the answer to the POST does. */
  hear({ t, d }) {
    if (t === 'INTERACTION_SUCCESS') this.settle(d.id, { kind: 'success' })
    else if (t === 'INTERACTION_FAILURE') this.settle(d.id, { kind: 'failure' })
    else if (t === 'INTERACTION_MODAL') this.modal(d.interaction_id, d.modal)
  }

  settle(id, outcome) {
    const resolve = this.waiting.get(id)
    if (resolve) {
      this.waiting.delete(id)
      return resolve(outcome)
    }
    remember(this.early, id, outcome)
  }

  /** Open a modal if this tab asked for it; another tab of the same user leaves it alone. */
  modal(id, modal) {
    const channelId = this.origins.get(id)
    if (!channelId) return remember(this.modals, id, modal)
    openModal(modal, { interactionId: id, channelId }, this.app)
  }

  /** The stream was lost: nobody will hear how these ended. */
  forget() {
    for (const resolve of this.waiting.values()) resolve({ kind: 'lost' })
    this.waiting.clear()
  }

  /** Send; answers {id, outcome: Promise of {kind: 'success' | 'failure' | 'lost'}}. Throws ApiError when refused. */
  async send(body) {
    const { interaction_id: id } = await this.app.api.interact(body)
    const known = this.early.get(id)
    this.early.delete(id)
    const outcome = known ? Promise.resolve(known) : new Promise((resolve) => this.waiting.set(id, resolve))
    remember(this.origins, id, body.channel_id)
    if (this.modals.has(id)) this.modal(id, this.modals.get(id))
    return { id, outcome }
  }

  /** Send a slash or message command, and hold its place in the channel until it is answered. */
  async command(channelId, data, label) {
    const { state } = this.app
    const { id, outcome } = await this.send({ type: 2, channel_id: channelId, data })
    const place = {
      id: `local-${id}`, local: 'sending', flags: 0, channel_id: channelId, author: state.application.bot, timestamp: new Date().toISOString(),
      content: 'Sending command…', type: data.type === 1 ? 20 : 23, interaction: { name: label }, interaction_metadata: { type: 2, user: state.me },
    }
    const timer = setTimeout(() => state.put(place), SHOW_AFTER_MS)
    outcome.then(({ kind }) => {
      clearTimeout(timer)
      if (kind !== 'failure') return state.drop(channelId, place.id)
      state.put({ ...place, local: 'failed', content: 'The application did not respond' })
      this.app.announce('The application did not respond')
    })
  }

  async press(message, component, values) {
    const { state } = this.app
    const { custom_id: id, type } = component
    if (state.presses.get(message.id)?.state === 'pending') return
    state.press(message, { id, state: 'pending' })
    const data = { component_type: type, custom_id: id, ...(values ? { values } : {}) }
    try {
      const { outcome } = await this.send({ type: 3, channel_id: message.channel_id, message_id: message.id, data })
      const { kind } = await outcome
      state.press(message, kind === 'failure' ? { id, state: 'failed' } : undefined)
    } catch (error) {
      state.press(message, { id, state: 'failed' })
      this.app.toast(error.message, 'error')
    }
  }
}

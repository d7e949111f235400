// Sends interactions and waits for their outcome, which arrives on the event stream.

import { openModal } from './modal.js'

const REMEMBERED = 50
const SHOW_AFTER_MS = 300

function remember(map, id, value) {
  map.set(id, value)
  if (map.size > REMEMBERED) map.delete(map.keys().next().value)
}

export class Interactions {
  pending = new Map()
  early = new Map()
  origins = new Map()
  modals = new Map()

  constructor(app) {
    this.app = app
  }

  /** Handle an event of the stream. The outcome can arrive before the response to the POST request. */
  handleEvent({ t, d }) {
    if (t === 'INTERACTION_SUCCESS') this.settle(d.id, { kind: 'success' })
    else if (t === 'INTERACTION_FAILURE') this.settle(d.id, { kind: 'failure' })
    else if (t === 'INTERACTION_MODAL') this.modal(d.interaction_id, d.modal)
  }

  settle(id, outcome) {
    const resolve = this.pending.get(id)
    if (resolve) {
      this.pending.delete(id)
      return resolve(outcome)
    }
    remember(this.early, id, outcome)
  }

  /** Open a modal if the interaction came from this tab; other tabs of the user ignore it. */
  modal(id, modal) {
    const channelId = this.origins.get(id)
    if (!channelId) return remember(this.modals, id, modal)
    openModal(modal, { interactionId: id, channelId }, this.app)
  }

  /** Give up on all pending interactions after the stream was lost: their outcome will not arrive. */
  abandonAll() {
    for (const resolve of this.pending.values()) resolve({ kind: 'lost' })
    this.pending.clear()
  }

  /** Send an interaction; returns {id, outcome: Promise of {kind: 'success' | 'failure' | 'lost'}}. Throws ApiError if rejected. */
  async send(body) {
    const { interaction_id: id } = await this.app.api.interact(body)
    const earlyOutcome = this.early.get(id)
    this.early.delete(id)
    const outcome = earlyOutcome ? Promise.resolve(earlyOutcome) : new Promise((resolve) => this.pending.set(id, resolve))
    remember(this.origins, id, body.channel_id)
    if (this.modals.has(id)) this.modal(id, this.modals.get(id))
    return { id, outcome }
  }

  /** Send a slash or message command; show a placeholder message in the channel until the response arrives. */
  async command(channelId, data, label) {
    const { state } = this.app
    const { id, outcome } = await this.send({ type: 2, channel_id: channelId, data })
    const placeholder = {
      id: `local-${id}`, local: 'sending', flags: 0, channel_id: channelId, author: state.application.bot, timestamp: new Date().toISOString(),
      content: 'Sending command…', type: data.type === 1 ? 20 : 23, interaction: { name: label }, interaction_metadata: { type: 2, user: state.me },
    }
    const timer = setTimeout(() => state.put(placeholder), SHOW_AFTER_MS)
    outcome.then(({ kind }) => {
      clearTimeout(timer)
      if (kind !== 'failure') return state.drop(channelId, placeholder.id)
      state.put({ ...placeholder, local: 'failed', content: 'The application did not respond' })
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

// A modal of the bot: a dialog built from its components, whose values are submitted to the bot.

import { h, iconButton } from './dom.js'
import { markdown } from './markdown.js'
import { createInput } from './modal_fields.js'

/** Open a modal; the second argument identifies the interaction that it responds to. */
export function openModal(modal, { interactionId, channelId }, app) {
  const fields = []
  const alert = h('div', { class: 'modal-alert', role: 'alert' })
  const submitButton = h('button', { type: 'submit', class: 'button button-primary' }, 'Submit')
  const close = () => dialog.close()
  const form = h('form', { novalidate: true, onsubmit: submit },
    h('header', {}, h('h2', { id: 'modal-title' }, modal.title), iconButton('close', 'Close', close)),
    h('div', { class: 'modal-body' }, h('p', { class: 'muted' }, `This form will be submitted to ${app.state.application.name}.`), modal.components.map(render), alert),
    h('footer', {}, h('button', { type: 'button', class: 'button button-plain', onclick: close }, 'Cancel'), submitButton))
  const dialog = h('dialog', { class: 'modal', 'aria-labelledby': 'modal-title', onclose: leave }, form)
  dialog.takeFiles = (files) => fields.find(({ takeFiles }) => takeFiles)?.takeFiles(files)

  const opener = document.activeElement
  const home = opener.closest('.message')?.dataset.messageId

  /** Restore the focus if it was lost: the control that opened the modal may have been replaced meanwhile. */
  function leave() {
    dialog.remove()
    if (opener.isConnected || !home || document.activeElement !== document.body) return
    const candidates = document.querySelectorAll(`[data-message-id="${home}"] [data-custom-id]`)
    ;[...candidates].find(({ dataset }) => dataset.customId === opener.dataset.customId)?.focus()
  }

  function render(component) {
    if (component.type === 10) return h('div', { class: 'markdown' }, markdown(component.content, app))
    if (component.type === 1) return component.components.map((inner) => entry(inner, inner.label, undefined))
    return entry(component.component, component.label, component.description)
  }

  function entry(component, label, description) {
    const field = createInput(component, { label, description, channelId, app })
    fields.push(field)
    return field.element
  }

  async function submit(event) {
    event.preventDefault()
    if (submitButton.getAttribute('aria-busy')) return
    alert.textContent = ''
    submitButton.setAttribute('aria-busy', 'true')
    await Promise.all(fields.map((field) => field.settled?.()))
    const invalid = fields.filter((field) => !field.check())
    if (invalid.length) invalid[0].focus()
    else await send()
    submitButton.removeAttribute('aria-busy')
  }

  async function send() {
    const data = { custom_id: modal.custom_id, components: modal.components.map(answer) }
    try {
      const { outcome } = await app.interactions.send({ type: 5, channel_id: channelId, modal_interaction_id: interactionId, data })
      const { kind } = await outcome
      if (kind === 'failure') alert.textContent = 'Something went wrong: the application did not respond. Try again.'
      else close()
    } catch (error) {
      alert.textContent = error.message
    }
  }

  const valueOf = (component) => fields.find((field) => field.component === component).answer()

  function answer(component) {
    const { type, id } = component
    if (type === 10) return { type, id }
    if (type === 1) return { type, id, components: component.components.map(valueOf) }
    return { type, id, component: valueOf(component.component) }
  }

  document.body.append(dialog)
  dialog.showModal()
  fields[0]?.focus()
}

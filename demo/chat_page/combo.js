// An input with a list: fixed choices, or suggestions that the bot returns while the user types.

import { h } from './dom.js'
import { localized } from './commands.js'

const TYPING_PAUSE_MS = 250

function comboInput(labels) {
  return h('input', { class: 'pill-input', type: 'text', role: 'combobox', autocomplete: 'off', spellcheck: 'false', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-haspopup': 'listbox', ...labels })
}

/** A field that accepts only the given items [{label, value, note?}]. */
export function comboField(labels, option, form, items) {
  const input = comboInput(labels)
  const { suggest } = form
  const matching = () => {
    const typed = input.value.trim().toLowerCase()
    const exact = items.some(({ label }) => label.toLowerCase() === typed)
    return exact ? items : items.filter(({ label }) => label.toLowerCase().replace(/^[@#]/, '').includes(typed.replace(/^[@#]/, '')))
  }
  const pick = (item) => {
    input.value = item.label
    form.changed()
    form.done(field)
  }
  const show = () => {
    const found = matching()
    const at = found.findIndex(({ label }) => label === input.value)
    suggest.show(input, { title: labels['aria-label'], items: found, pick, active: Math.max(at, 0), note: found.length ? undefined : 'No matches.' })
  }
  input.addEventListener('focus', show)
  input.addEventListener('click', () => suggest.input !== input && show())
  input.addEventListener('input', () => (show(), form.changed()))
  input.addEventListener('blur', () => suggest.input === input && suggest.hide())
  input.addEventListener('keydown', (event) => {
    if (suggest.input === input && suggest.key(event, { tab: input.value !== '' })) return
    if (event.key === 'ArrowDown') show()
  })
  const field = {
    option, element: input, input,
    focus: () => input.focus(),
    isEmpty: () => input.value.trim() === '',
    fill: (text) => (input.value = text),
    read() {
      const typed = input.value.trim().toLowerCase()
      if (!typed) return {}
      const item = items.find(({ label }) => label.toLowerCase() === typed || label.toLowerCase().replace(/^[@#]/, '') === typed)
      return item ? { value: item.value } : { error: 'Choose an entry from the list.' }
    },
  }
  return field
}

/** A field whose list comes from the bot; as on Discord, free text is allowed, too. `check` parses it. */
export function autocompleteField(labels, option, form, check) {
  const input = comboInput(labels)
  const { suggest, app } = form
  let picked
  let timer
  let latestRequest = 0
  const title = labels['aria-label']
  const pick = (item) => {
    picked = item
    input.value = item.label
    form.changed()
    form.done(field)
  }
  const showNote = (note, items = []) => suggest.show(input, { title, items, pick, note })
  async function fetchChoices() {
    const request = ++latestRequest
    try {
      const choices = await form.autocomplete(field, input.value)
      if (request !== latestRequest || document.activeElement !== input) return
      showNote(choices.length ? undefined : 'No suggestions.', choices.map((choice) => ({ label: localized(choice, 'name', app.state.locale), value: choice.value })))
    } catch {
      if (request === latestRequest && document.activeElement === input) showNote('The options could not be loaded. Keep typing to try again.')
    }
  }
  const scheduleFetch = (pause) => {
    clearTimeout(timer)
    if (!suggest.open) showNote('Loading options…')
    timer = setTimeout(fetchChoices, pause)
  }
  input.addEventListener('focus', () => scheduleFetch(0))
  input.addEventListener('input', () => {
    picked = undefined
    form.changed()
    scheduleFetch(TYPING_PAUSE_MS)
  })
  input.addEventListener('blur', () => {
    clearTimeout(timer)
    latestRequest++
    if (suggest.input === input) suggest.hide()
  })
  input.addEventListener('keydown', (event) => {
    if (suggest.input === input && suggest.key(event, { tab: input.value !== '' && !picked })) return
    if (event.key === 'ArrowDown') scheduleFetch(0)
  })
  const field = {
    option, element: input, input,
    focus: () => input.focus(),
    isEmpty: () => input.value.trim() === '',
    fill: (text) => (input.value = text),
    read: () => (picked ? { value: picked.value } : check(input.value)),
  }
  return field
}

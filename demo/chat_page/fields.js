// The input for one command option, by type, with the checks that Discord's client makes before sending.

import { h } from './dom.js'
import { autocompleteField, comboField } from './combo.js'
import { localized } from './commands.js'
import { displayName, isDirect, isThread } from './state.js'
import { uploadField } from './upload.js'

const TYPE = { string: 3, integer: 4, boolean: 5, user: 6, channel: 7, role: 8, mentionable: 9, number: 10, attachment: 11 }

/**
 * A field for an option: {element, focus(), isEmpty(), read(), clear()}. `read` returns {value}, {error}, or {} if empty.
 * `form` is {app, suggest, changed(), autocomplete(field, text), done(field)}.
 */
export function createField(option, form) {
  const { app } = form
  const name = localized(option, 'name', app.state.locale)
  const labels = { 'aria-label': name, 'aria-required': option.required ? 'true' : undefined, 'aria-description': localized(option, 'description', app.state.locale) }
  if (option.type === TYPE.attachment) return uploadField(labels, option, form)
  if (option.autocomplete) return autocompleteField(labels, option, form, (text) => read(option, text))
  if (option.choices?.length) {
    return comboField(labels, option, form, option.choices.map((choice) => ({ label: localized(choice, 'name', app.state.locale), value: choice.value })))
  }
  const source = SOURCES[option.type]
  return source ? comboField(labels, option, form, source(app.state, option)) : textField(labels, option, form)
}

const people = ({ users }) => [...users.values()].map((user) => ({ label: `@${displayName(user)}`, note: user.username, value: user.id }))
const roles = (state) => state.roles.map((role) => ({ label: `@${role.name.replace(/^@/, '')}`, value: role.id }))

const SOURCES = {
  [TYPE.boolean]: () => [{ label: 'True', value: true }, { label: 'False', value: false }],
  [TYPE.user]: people,
  [TYPE.role]: roles,
  [TYPE.mentionable]: (state) => [...people(state), ...roles(state)],
  [TYPE.channel]: ({ channels }, { channel_types: types }) => [...channels.values()].filter((channel) => !isDirect(channel) && (!types?.length || types.includes(channel.type)))
    .map((channel) => ({ label: `${isThread(channel) ? '' : '#'}${channel.name}`, value: channel.id })),
}

function textField(labels, option, form) {
  const numeric = option.type === TYPE.integer || option.type === TYPE.number
  const input = h('textarea', { class: 'pill-input', rows: 1, spellcheck: numeric ? 'false' : 'true', autocomplete: 'off', inputmode: option.type === TYPE.integer ? 'numeric' : numeric ? 'decimal' : undefined, ...labels, oninput: () => form.changed() })
  return {
    option, element: input, input,
    focus: () => input.focus(),
    isEmpty: () => input.value.trim() === '',
    fill: (text) => (input.value = text),
    read: () => read(option, input.value),
    count: () => (option.max_length ? `${input.value.length} / ${option.max_length}` : ''),
  }
}

/** Parse the text of a string, integer or number option: {value}, {error}, or {} if empty. */
export function read(option, text) {
  if (text.trim() === '') return {}
  return option.type === TYPE.string ? readString(option, text) : readNumber(option, text)
}

function readString({ min_length: min, max_length: max }, text) {
  if (min !== undefined && text.length < min) return { error: `Enter at least ${min} characters (now ${text.length}).` }
  if (max !== undefined && text.length > max) return { error: `Enter at most ${max} characters (now ${text.length}).` }
  return { value: text }
}

function readNumber({ type, min_value: min, max_value: max }, text) {
  const value = Number(text.trim().replace(',', '.'))
  if (!Number.isFinite(value)) return { error: `“${text.trim()}” is not a number.` }
  if (type === TYPE.integer && !Number.isSafeInteger(value)) return { error: `“${text.trim()}” is not a whole number.` }
  const low = min !== undefined && min !== null && value < min
  const high = max !== undefined && max !== null && value > max
  if (!low && !high) return { value }
  const both = min !== undefined && min !== null && max !== undefined && max !== null
  return { error: both ? `Must be between ${min} and ${max}.` : low ? `Must be at least ${min}.` : `Must be at most ${max}.` }
}

// The inputs of a modal, by component type: text, selects, files, radio buttons and checkboxes.

import { clear, h, icon, iconButton, newId } from './dom.js'
import { createSelect, optionsOf } from './select.js'
import { filesOf, thumbnail } from './upload.js'

/**
 * A field {element, component, focus(), check() -> boolean, answer()} for a component of a modal
 * (https://docs.discord.com/developers/components/reference).
 */
export function createInput(component, { label, description, channelId, app }) {
  const ids = { control: newId('field'), note: newId('note'), error: newId('error') }
  const input = INPUTS[component.type](component, { label, ids, channelId, app })
  const required = component.type === 23 ? false : component.required ?? true
  const error = h('div', { class: 'field-error', id: ids.error, role: 'alert' })
  const title = [label, required ? h('span', { class: 'required', 'aria-hidden': 'true' }, ' *') : null]
  const note = description ? h('div', { class: 'field-note', id: ids.note }, description) : null
  const element = input.group
    ? h('fieldset', { class: 'field', 'aria-describedby': description ? ids.note : undefined }, h('legend', {}, title), note, input.element, error)
    : h('div', { class: 'field' }, input.own ? null : h('label', { for: ids.control }, title), input.own ? null : note, input.element, input.own ? note : null, error)
  if (!input.group && input.control) input.control.setAttribute('aria-describedby', [description ? ids.note : '', ids.error].join(' ').trim())

  function check() {
    const empty = input.isEmpty()
    error.textContent = empty && required ? 'This is required.' : empty ? '' : input.problem() ?? ''
    element.classList.toggle('invalid', error.textContent !== '')
    input.control?.setAttribute('aria-invalid', error.textContent !== '')
    return error.textContent === ''
  }

  const { type, id, custom_id } = component
  return { component, element, focus: input.focus, settled: input.settled, takeFiles: input.takeFiles, check, answer: () => ({ type, id, custom_id, ...input.answer() }) }
}

const INPUTS = { 3: select, 4: text, 5: select, 6: select, 7: select, 8: select, 19: files, 21: radio, 22: checkboxes, 23: checkbox }

const countProblem = (count, min, max, noun) => {
  if (count < min) return `Choose at least ${min} ${noun}.`
  return count > max ? `Choose at most ${max} ${noun}.` : undefined
}

function text({ style, value, placeholder, min_length: min = 0, max_length: max = 4000, required = true }, { ids }) {
  const props = { id: ids.control, class: 'input', placeholder, maxlength: max, 'aria-required': required ? 'true' : undefined, value: value ?? '', autocomplete: 'off' }
  const control = style === 2 ? h('textarea', { rows: 4, ...props }) : h('input', { type: 'text', ...props })
  const count = h('span', { class: 'field-count', 'aria-hidden': 'true' }, `${control.value.length} / ${max}`)
  control.addEventListener('input', () => (count.textContent = `${control.value.length} / ${max}`))
  return {
    control, element: h('div', { class: 'counted' }, control, count),
    focus: () => control.focus(),
    isEmpty: () => control.value === '',
    problem: () => (control.value.length < min ? `Enter at least ${min} characters.` : undefined),
    answer: () => ({ value: control.value }),
  }
}

function select(component, { label, ids, channelId, app }) {
  const input = createSelect({ ...component, disabled: false, label, options: optionsOf(component, app.state, channelId), commit: () => {} })
  const button = input.element.querySelector('button')
  button.id = ids.control
  return {
    control: button, element: input.element, focus: input.focus,
    isEmpty: () => input.values().length === 0,
    problem: () => countProblem(input.values().length, component.min_values ?? 1, component.max_values ?? 1, 'options'),
    answer: () => ({ values: input.values() }),
  }
}

function choices(component, ids, type) {
  return component.options.map(({ value, label, description, default: on }) => {
    const input = h('input', { type, name: ids.control, value, checked: on })
    return { input, element: h('label', { class: 'choice' }, input, h('span', {}, label, description ? h('span', { class: 'option-note' }, description) : null)) }
  })
}

function radio(component, { ids }) {
  const all = choices(component, ids, 'radio')
  const chosen = () => all.find(({ input }) => input.checked)?.input.value
  return {
    group: true, element: h('div', { class: 'choices' }, all.map(({ element }) => element)),
    focus: () => (all.find(({ input }) => input.checked) ?? all[0]).input.focus(),
    isEmpty: () => chosen() === undefined,
    problem: () => undefined,
    answer: () => ({ value: chosen() ?? null }),
  }
}

function checkboxes(component, { ids }) {
  const all = choices(component, ids, 'checkbox')
  const chosen = () => all.filter(({ input }) => input.checked).map(({ input }) => input.value)
  return {
    group: true, element: h('div', { class: 'choices' }, all.map(({ element }) => element)),
    focus: () => all[0].input.focus(),
    isEmpty: () => chosen().length === 0,
    problem: () => countProblem(chosen().length, component.min_values ?? 1, component.max_values ?? all.length, 'options'),
    answer: () => ({ values: chosen() }),
  }
}

function checkbox({ default: on }, { label, ids }) {
  const control = h('input', { type: 'checkbox', id: ids.control, checked: on })
  return {
    own: true, control, element: h('label', { class: 'choice' }, control, h('span', {}, label)),
    focus: () => control.focus(),
    isEmpty: () => false,
    problem: () => undefined,
    answer: () => ({ value: control.checked }),
  }
}

function files({ min_values: min = 1, max_values: max = 1 }, { ids, app }) {
  let uploads = []
  const control = h('input', { type: 'file', id: ids.control, class: 'file-input', multiple: max > 1, onchange: () => (takeFiles(filesOf(control)), (control.value = '')) })
  const list = h('ul', { class: 'tray', hidden: true })
  const element = h('div', {}, h('div', { class: 'upload' }, control, h('span', { class: 'upload-face' }, icon('image'), h('span', {}, max > 1 ? `Drop, paste or choose up to ${max} files` : 'Drop, paste or choose a file'))), list)

  function takeFiles(given) {
    const added = given.map((file) => {
      const upload = { file }
      upload.done = app.api.upload(file).then((attachment) => (upload.attachment = attachment), (error) => (upload.error = error.message)).finally(draw)
      return upload
    })
    uploads = [...uploads, ...added].slice(-max)
    draw()
  }

  function draw() {
    list.hidden = !uploads.length
    clear(list, uploads.map((upload) => h('li', { class: upload.error ? 'failed' : '' }, thumbnail(upload.file), h('span', {}, upload.file.name, h('span', { class: 'option-note' }, upload.error ?? (upload.attachment ? '' : 'Uploading…'))),
      iconButton('close', `Remove ${upload.file.name}`, () => {
        uploads = uploads.filter((other) => other !== upload)
        draw()
        control.focus()
      }))))
  }

  return {
    control, element, takeFiles,
    focus: () => control.focus(),
    settled: () => Promise.all(uploads.map(({ done }) => done)),
    isEmpty: () => uploads.length === 0,
    problem: () => uploads.find(({ error }) => error)?.error ?? countProblem(uploads.length, min, max, 'files'),
    answer: () => ({ values: uploads.map(({ attachment }) => attachment.id) }),
  }
}

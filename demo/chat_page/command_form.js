// The form of a slash command: required options are shown at once, optional ones can be added.

import { clear, h, iconButton } from './dom.js'
import { commandData, localized } from './commands.js'
import { createField } from './fields.js'

const ATTACHMENT = 11

/** `leaf` is an item of listCommands(); `hooks` are {send(data), cancel(), report(text), sendButton}; `suggest` is the composer's list. */
export class CommandForm {
  pills = []

  constructor(leaf, channelId, suggest, app, hooks) {
    Object.assign(this, { leaf, channelId, suggest, app, hooks })
    this.hint = h('div', { class: 'hint' })
    this.adder = this.createAdder()
    this.row = h('div', { class: 'pills' }, h('span', { class: 'command-name' }, `/${leaf.label}`), this.adder)
    this.element = h('div', { class: 'command-form', role: 'form', 'aria-label': `/${leaf.label}`, onkeydown: (event) => this.onKey(event), onfocusin: (event) => this.showHint(event.target) }, this.row)
    leaf.options.filter(({ required }) => required).forEach((option) => this.add(option))
    this.showHint()
    this.countOptional()
  }

  get missing() {
    return this.leaf.options.filter((option) => !this.pills.some(({ field }) => field.option === option))
  }

  focus() {
    const first = this.pills.find(({ field }) => field.isEmpty()) ?? this.pills[0]
    ;(first?.field ?? (this.missing.length ? this.adder : this.hooks.sendButton)).focus()
  }

  /** Show the pill of an option; those of optional ones have a remove button. */
  add(option) {
    const name = localized(option, 'name', this.app.state.locale)
    const form = { app: this.app, suggest: this.suggest, changed: () => this.changed(pill), autocomplete: (...of) => this.autocomplete(...of), done: () => this.next(pill) }
    const pill = { option, name }
    pill.field = createField(option, form)
    pill.error = h('span', { class: 'pill-error sr-only', id: `error-${this.channelId}-${option.name}` })
    const remove = option.required ? null : iconButton('close', `Remove option ${name}`, () => this.remove(pill), { tabindex: -1 })
    pill.element = h('span', { class: `pill${option.type === ATTACHMENT ? ' pill-upload' : ''}`, data: { option: option.name } },
      h('span', { class: 'pill-name', 'aria-hidden': 'true' }, name), pill.field.element, remove, pill.error)
    pill.element.addEventListener('click', (event) => event.target.matches('.pill, .pill-name') && pill.field.focus())
    this.pills.push(pill)
    this.row.insertBefore(pill.element, this.adder)
    this.countOptional()
    return pill
  }

  remove(pill) {
    const at = this.pills.indexOf(pill)
    this.pills.splice(at, 1)
    pill.element.remove()
    this.countOptional()
    ;(this.pills[at - 1]?.field ?? this.pills[0]?.field ?? this.adder).focus()
  }

  createAdder() {
    const input = h('input', { class: 'adder', role: 'combobox', 'aria-label': 'Add option', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-haspopup': 'listbox', autocomplete: 'off', spellcheck: 'false' })
    const { suggest } = this
    const pick = ({ option }) => {
      input.value = ''
      this.add(option).field.focus()
    }
    const show = () => {
      const typed = input.value.trim().toLowerCase()
      const items = this.missing.map((option) => ({ option, label: localized(option, 'name', this.app.state.locale), note: localized(option, 'description', this.app.state.locale) }))
        .filter(({ label }) => label.toLowerCase().includes(typed))
      suggest.show(input, { title: 'Optional', items, pick, active: typed ? 0 : -1, note: items.length ? undefined : 'No matching options.' })
    }
    input.addEventListener('focus', show)
    input.addEventListener('click', () => suggest.input !== input && show())
    input.addEventListener('input', show)
    input.addEventListener('blur', () => suggest.input === input && suggest.hide())
    input.addEventListener('keydown', (event) => suggest.input === input && suggest.key(event))
    return input
  }

  countOptional() {
    const { length } = this.missing
    this.adder.hidden = length === 0
    this.adder.placeholder = `+${length} optional`
  }

  changed(pill) {
    if (!pill?.error) return
    this.setError(pill, '')
    this.hooks.report('')
    this.showHint(pill.field.input)
  }

  setError(pill, text) {
    pill.error.textContent = text
    pill.element.classList.toggle('invalid', text !== '')
    const { input } = pill.field
    if (text) {
      input.setAttribute('aria-invalid', 'true')
      input.setAttribute('aria-describedby', pill.error.id)
    } else {
      input.removeAttribute('aria-invalid')
      input.removeAttribute('aria-describedby')
    }
  }

  /** Show the focused option's description above the pills. */
  showHint(target) {
    const pill = this.pills.find(({ element }) => element.contains(target))
    const { locale } = this.app.state
    const [name, note] = pill ? [pill.name, localized(pill.option, 'description', locale)] : [`/${this.leaf.label}`, this.leaf.description]
    clear(this.hint, h('strong', {}, name), h('span', {}, note), h('span', { class: 'hint-count' }, pill?.field.count?.() ?? ''))
  }

  next(pill) {
    const rest = this.pills.slice(this.pills.indexOf(pill) + 1)
    rest.find(({ field, option }) => option.required && field.isEmpty())?.field.focus()
  }

  onKey(event) {
    if (event.defaultPrevented || event.isComposing) return
    const pill = this.pills.find(({ element }) => element.contains(event.target))
    const file = event.target.type === 'file'
    if (event.key === 'Enter' && !event.shiftKey && !file && !event.target.matches('button')) this.submit()
    else if (event.key === 'Backspace' && (file || event.target.value === '')) this.erase(pill, event.target)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  erase(pill, target) {
    if (pill?.field.clear && !pill.field.isEmpty()) pill.field.clear()
    else if (pill && !pill.option.required) this.remove(pill)
    else if (target === this.adder && this.pills.length) this.pills.at(-1).field.focus()
    else if (!pill || pill === this.pills[0]) this.hooks.cancel()
    else this.pills[this.pills.indexOf(pill) - 1].field.focus()
  }

  /** Put files into the attachment options: empty ones first, then optional ones, which are added. Report files that do not fit. */
  takeFiles(files) {
    const rest = [...files]
    const give = (pill) => pill && rest.length && pill.field.take(rest.shift())
    this.pills.filter(({ field }) => field.take && field.isEmpty()).forEach(give)
    this.missing.filter(({ type }) => type === ATTACHMENT).forEach((option) => rest.length && give(this.add(option)))
    if (rest.length === files.length) give(this.pills.findLast(({ field }) => field.take))
    if (rest.length) this.hooks.report(`/${this.leaf.label} cannot take ${rest.length === 1 ? `“${rest[0].name}”` : `${rest.length} of these files`}.`)
  }

  values() {
    return this.pills.map(({ field, option }) => ({ option, ...field.read() }))
  }

  async autocomplete(field, text) {
    const focused = { name: field.option.name, type: field.option.type, value: text, focused: true }
    const options = this.values().filter(({ option, value }) => value !== undefined && option !== field.option).map(({ option: { name, type }, value }) => ({ name, type, value }))
    const { choices } = await this.app.api.interact({ type: 4, channel_id: this.channelId, data: commandData(this.leaf, [...options, focused]) })
    return choices ?? []
  }

  /** Check every option. Send the command if all are valid; otherwise report the errors and focus the first invalid option. */
  async submit() {
    await Promise.all(this.pills.map(({ field }) => field.settled?.()))
    const results = this.pills.map((pill) => [pill, pill.field.read()])
    const checked = results.map(([pill, { error, value }]) => [pill, error ?? (value === undefined && pill.option.required ? 'This option is required.' : '')])
    checked.forEach(([pill, error]) => this.setError(pill, error))
    const invalid = checked.filter(([, error]) => error)
    if (invalid.length) {
      this.hooks.report(invalid.map(([{ name }, error]) => `${name}: ${error}`).join('\n'))
      invalid[0][0].field.focus()
      return
    }
    const given = results.filter(([, { value }]) => value !== undefined)
    const options = given.map(([{ option: { name, type } }, { value }]) => ({ name, type, value }))
    const attachments = given.flatMap(([, { attachment }]) => (attachment ? [attachment.id] : []))
    await this.hooks.send(commandData(this.leaf, options, attachments))
  }
}

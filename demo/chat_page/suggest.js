// The list above the composer, for commands, options, choices and autocomplete.

import { clear, h, newId } from './dom.js'

/** A list used by the input that has the focus. Items: {label, note?, side?, mark?}. */
export class Suggest {
  items = []
  active = -1

  constructor() {
    this.id = newId('suggest')
    this.element = h('div', { class: 'suggest', hidden: true })
  }

  get open() {
    return !this.element.hidden
  }

  /** Show items for an input. `active` is the row that Enter chooses (-1: none). `note` is shown above the items, or instead of them. */
  show(input, { title, items, pick, active = 0, note }) {
    this.hide()
    this.input = input
    this.items = items
    this.pick = pick
    this.rows = items.map((item, index) => h('div', {
      id: `${this.id}-${index}`, role: 'option', class: 'option', 'aria-selected': 'false',
      onpointerdown: (event) => event.preventDefault(), onclick: () => this.take(index), onpointermove: () => this.move(index, false),
    }, item.mark ?? null, h('span', { class: 'option-text' }, h('span', { class: 'option-name' }, item.label), item.note ? h('span', { class: 'option-note' }, item.note) : null),
    item.side ? h('span', { class: 'option-side' }, item.side) : null))
    clear(this.element, h('div', { class: 'suggest-title', id: `${this.id}-title` }, title),
      note ? h('div', { class: 'suggest-note', role: 'status' }, note) : null,
      h('div', {
        id: this.id, role: 'listbox', class: 'options', 'aria-labelledby': `${this.id}-title`,
        tabindex: input.getAttribute('role') === 'combobox' ? undefined : 0, // only a combobox scrolls its list for the keyboard
        onkeydown: (event) => this.key(event), onblur: () => this.hide(),
      }, this.rows))
    this.element.hidden = false
    input.setAttribute('aria-controls', this.id)
    this.expanded(true)
    if (active >= 0 && items.length) this.move(active)
  }

  hide() {
    if (this.element.contains(document.activeElement)) this.input.focus()
    this.element.hidden = true
    this.active = -1
    this.input?.removeAttribute('aria-activedescendant')
    this.expanded(false)
    this.input = undefined
  }

  /** Set aria-expanded on comboboxes only; a multi-line text box may not have it. */
  expanded(open) {
    if (this.input?.getAttribute('role') === 'combobox') this.input.setAttribute('aria-expanded', open)
  }

  move(index, scroll = true) {
    this.rows[this.active]?.setAttribute('aria-selected', 'false')
    this.active = (index + this.rows.length) % this.rows.length
    const row = this.rows[this.active]
    row.setAttribute('aria-selected', 'true')
    this.input.setAttribute('aria-activedescendant', row.id)
    if (scroll) row.scrollIntoView({ block: 'nearest' })
  }

  take(index) {
    const { pick, items } = this
    this.hide()
    pick(items[index])
  }

  /** Handle a key of the input; return whether the list used it. Tab chooses the active row only if `tab`. */
  key(event, { tab = true } = {}) {
    if (!this.open || event.isComposing) return false
    const { key } = event
    if (key === 'ArrowDown' && this.items.length) this.move(this.active + 1)
    else if (key === 'ArrowUp' && this.items.length) this.move(this.active < 0 ? this.items.length - 1 : this.active - 1)
    else if (this.active >= 0 && ((key === 'Enter' && !event.shiftKey) || (key === 'Tab' && tab && !event.shiftKey))) this.take(this.active)
    else if (key === 'Escape') this.hide()
    else return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }
}
